# cell: exercise_2_objects
# says: which is no whole line
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece.strip()).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)

# cell: exercise_2_objects
# says: the pieces are bytes
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)

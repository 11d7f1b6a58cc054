# cell: exercise_2_objects
# says: A piece ended within a character
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = piece.split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)

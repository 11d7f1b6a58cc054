# cell: exercise_2_objects
# says: skip empty lines
# fails: exercise_2_objects_test
# hidden: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)

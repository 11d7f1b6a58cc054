# cell: exercise_2_objects
# says: gave str: give dicts
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield line.decode()
    if rest.strip():
        yield json.loads(rest)

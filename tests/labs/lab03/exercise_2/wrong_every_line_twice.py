# cell: exercise_2_objects
# says: or other ones
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield from [json.loads(line)] * 2
    if rest.strip():
        yield json.loads(rest)

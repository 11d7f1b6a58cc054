# cell: exercise_2_objects
# says: The last line is missing
# fails: exercise_2_objects_test
# hidden: exercise_2_objects_test
import json


def objects(pieces):
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)

# cell: exercise_2_objects
# says: objects gave its first line after the last piece
# fails: exercise_2_objects_test
import json


def objects(pieces):
    for line in b"".join(pieces).splitlines():
        if line.strip():
            yield json.loads(line)

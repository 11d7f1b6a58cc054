# cell: exercise_2_objects
# says: A piece ended within a character
# fails: exercise_2_objects_test
import json


def objects(pieces):
    for piece in pieces:
        yield json.loads(piece)

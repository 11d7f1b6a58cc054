# cell: exercise_2_objects
# says: A piece ended within a character
# fails: exercise_2_objects_test
import json


def objects(pieces):
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece.decode()).split("\n")
        yield from map(json.loads, filter(None, lines))
    if rest.strip():
        yield json.loads(rest)

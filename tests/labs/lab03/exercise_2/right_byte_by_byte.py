# cell: exercise_2_objects
import json


def objects(pieces):
    line = bytearray()
    for piece in pieces:
        for byte in piece:
            if byte != ord("\n"):
                line.append(byte)
            elif line.strip():
                yield json.loads(line.decode("utf-8"))
                line.clear()
            else:
                line.clear()
    if line.strip():
        yield json.loads(line.decode("utf-8"))

# cell: exercise_3_until
# says: An empty piece is not the end
# fails: exercise_3_until_test
# hidden: exercise_3_until_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    while clock() < deadline:
        piece = next(pieces, None)
        if not piece:
            return taken, "stop"
        taken.append(piece)
    pieces.close()
    return taken, "deadline"

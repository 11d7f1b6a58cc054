# cell: exercise_3_until
# says: left the generator open
# fails: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    while clock() < deadline:
        piece = next(pieces, None)
        if piece is None:
            return taken, "stop"
        taken.append(piece)
    return taken, "deadline"

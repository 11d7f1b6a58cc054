# cell: exercise_3_until
# says: look at the clock before the next piece is computed
# fails: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    for piece in pieces:
        if clock() > deadline:
            pieces.close()
            return taken, "deadline"
        taken.append(piece)
    return taken, "stop"

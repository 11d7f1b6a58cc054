# cell: exercise_3_until
# says: is it the clock that was given
# fails: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken, deadline = [], deadline - clock() + time.monotonic()  # noqa: F821
    while time.monotonic() < deadline:  # noqa: F821
        piece = next(pieces, None)
        if piece is None:
            return taken, "stop"
        taken.append(piece)
    pieces.close()
    return taken, "deadline"

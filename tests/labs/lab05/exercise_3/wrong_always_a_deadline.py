# cell: exercise_3_until
# says: was it the deadline that ended them
# fails: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    while clock() < deadline:
        piece = next(pieces, None)
        if piece is None:
            break
        taken.append(piece)
    pieces.close()
    return taken, "deadline"

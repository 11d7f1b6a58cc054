# cell: exercise_3_until
# says: is right. That is more than there was time for
# fails: exercise_3_until_test exercise_3_answer_test
# hidden: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    for piece in pieces:
        taken.append(piece)
        if clock() >= deadline:
            pieces.close()
            return taken, "deadline"
    return taken, "stop"

# cell: exercise_3_until
# says: StopIteration
# fails: exercise_3_until_test exercise_3_answer_test
def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken = []
    while clock() < deadline:
        taken.append(next(pieces))
    pieces.close()
    return taken, "deadline"

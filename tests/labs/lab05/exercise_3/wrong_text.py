# cell: exercise_3_until
# says: gave str for the pieces
# fails: exercise_3_until_test exercise_3_answer_test
quiet_until = until  # noqa: F821


def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken, reason = quiet_until(pieces, deadline, clock)
    return "".join(taken), reason

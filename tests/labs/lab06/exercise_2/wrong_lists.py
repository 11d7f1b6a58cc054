# cell: exercise_2_steps
# says: every wrong step is a pair (line, text)
# fails: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    return [list(pair) for pair in quiet_steps(text)]

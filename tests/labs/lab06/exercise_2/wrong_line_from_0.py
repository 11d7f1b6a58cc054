# cell: exercise_2_steps
# says: The lines are not counted as they should be
# fails: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    return [(line - 1, step) for line, step in quiet_steps(text)]

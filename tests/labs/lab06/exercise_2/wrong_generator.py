# cell: exercise_2_steps
# says: gave generator: give a list of pairs
# fails: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    yield from quiet_steps(text)

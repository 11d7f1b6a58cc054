# cell: exercise_2_steps
# says: The steps after it are checked too
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    return quiet_steps(text)[:1]

# cell: exercise_2_steps
# says: A division by 0 makes a step wrong
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    return [(line, step) for line, step in quiet_steps(text) if "/ 0 " not in step]

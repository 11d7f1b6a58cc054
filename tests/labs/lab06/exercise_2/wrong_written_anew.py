# cell: exercise_2_steps
# says: Give the step's text as it stands there
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    return [(line, re.sub(r"(?<=\d)([+x=])", r" \1 ", step)) for line, step in quiet_steps(text)]  # noqa: F821

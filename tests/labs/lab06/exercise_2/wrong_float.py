# cell: exercise_2_value
# says: gave the float 286.0
# fails: exercise_2_value_test exercise_2_steps_test
# hidden: exercise_2_steps_test
quiet_value = value  # noqa: F821


def value(expression):
    return round(float(quiet_value(expression)), 9)

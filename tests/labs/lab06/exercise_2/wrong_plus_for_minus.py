# cell: exercise_2_value
# says: Split it into terms
# fails: exercise_2_value_test
# hidden: exercise_2_value_test
quiet_value = value  # noqa: F821


def value(expression):
    return quiet_value(expression.replace("-", "+"))

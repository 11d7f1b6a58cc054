# cell: exercise_2_value
# says: gave int: give a Fraction
# fails: exercise_2_value_test
quiet_value = value  # noqa: F821


def value(expression):
    found = quiet_value(expression)
    return int(found) if found.denominator == 1 else found

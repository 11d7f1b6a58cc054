# cell: exercise_2_value
# says: 5+3x4
# fails: exercise_2_value_test
# hidden: exercise_2_value_test
quiet_value = value  # noqa: F821


def value(expression):
    for part in expression.split():
        if part not in ("+", "-", "x", "/") and not re.fullmatch(r"[\d.]+", part):  # noqa: F821
            raise ValueError(f"{expression} is no calculation")
    return quiet_value(expression)

# cell: exercise_1_math
# says: say which model it is made from
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "FROM phi4-mini",
        "",
    )
    return name, text

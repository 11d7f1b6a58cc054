# cell: exercise_1_math
# says: phi4 is another model
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "FROM phi4-mini",
        "FROM phi4:mini",
    )
    return name, text

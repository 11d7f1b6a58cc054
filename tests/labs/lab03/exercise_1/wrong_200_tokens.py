# cell: exercise_1_math
# says: the steps are cut off
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "1024",
        "200",
    )
    return name, text

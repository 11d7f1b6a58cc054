# cell: exercise_1_math
# says: temperature is not set
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "PARAMETER temperature 0\n",
        "",
    )
    return name, text

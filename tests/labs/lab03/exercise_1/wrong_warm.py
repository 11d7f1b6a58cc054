# cell: exercise_1_math
# says: temperature is 0.3: 0 fits here
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "temperature 0",
        "temperature 0.3",
    )
    return name, text

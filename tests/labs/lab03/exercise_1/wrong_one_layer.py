# cell: exercise_1_math
# says: the number of *layers*
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "SYSTEM",
        "PARAMETER num_gpu 1\nSYSTEM",
    )
    return name, text

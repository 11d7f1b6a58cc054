# cell: exercise_1_math
# says: give two texts
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    return original()[1]

# cell: exercise_1_math
# says: The name comes first
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    return original()[::-1]

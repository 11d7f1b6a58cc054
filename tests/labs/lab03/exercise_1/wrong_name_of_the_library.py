# cell: exercise_1_math
# says: a part of your own and a slash
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    return "phi4-mini-reasoning", original()[1]

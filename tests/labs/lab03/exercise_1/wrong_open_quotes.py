# cell: exercise_1_math
# says: a quoted text does not end
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "SYSTEM ",
        'SYSTEM """',
    )
    return name, text

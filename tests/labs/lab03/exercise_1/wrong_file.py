# cell: exercise_1_math
# says: a word that is no instruction
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "SYSTEM",
        "FILE ./guidelines.pdf\nSYSTEM",
    )
    return name, text

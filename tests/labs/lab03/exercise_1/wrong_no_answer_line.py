# cell: exercise_1_math
# says: does not ask for a last line
# fails: exercise_1_math_test
# hidden: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        '"Answer:"',
        '"Therefore"',
    )
    return name, text

# cell: exercise_1_math
# says: an answer may never end
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "1024",
        "-1",
    )
    return name, text

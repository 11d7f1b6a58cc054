# cell: exercise_1_math
# says: num_ctx is 8192
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "4096",
        "8192",
    )
    return name, text

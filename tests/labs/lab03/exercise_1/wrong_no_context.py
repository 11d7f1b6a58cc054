# cell: exercise_1_math
# says: num_ctx is not set
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "PARAMETER num_ctx 4096\n",
        "",
    )
    return name, text

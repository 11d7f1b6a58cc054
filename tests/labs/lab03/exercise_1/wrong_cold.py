# cell: exercise_1_code
# says: from 0.1 to 0.3 fits here
# fails: exercise_1_code_test
original = code_variant  # noqa: F821


def code_variant():
    name, text = original()
    text = text.replace(
        "temperature 0.2",
        "temperature 0",
    )
    return name, text

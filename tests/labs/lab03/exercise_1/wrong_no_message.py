# cell: exercise_1_code
# says: There is no MESSAGE
# fails: exercise_1_code_test
# hidden: exercise_1_code_test
original = code_variant  # noqa: F821


def code_variant():
    name, text = original()
    return name, text.partition("MESSAGE")[0]

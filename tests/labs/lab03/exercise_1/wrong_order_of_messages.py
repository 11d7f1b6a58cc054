# cell: exercise_1_code
# says: The messages come from assistant, user
# fails: exercise_1_code_test
# hidden: exercise_1_code_test
original = code_variant  # noqa: F821


def code_variant():
    name, text = original()
    text = text.replace(
        "MESSAGE user Double a number.\n",
        "",
    )
    text = text.replace(
        '```"""',
        '```"""\nMESSAGE user Double a number.',
    )
    return name, text

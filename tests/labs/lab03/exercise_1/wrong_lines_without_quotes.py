# cell: exercise_1_code
# says: a word that is no instruction
# fails: exercise_1_code_test
original = code_variant  # noqa: F821


def code_variant():
    name, text = original()
    text = text.replace(
        '"""```python',
        "```python",
    )
    text = text.replace(
        '```"""',
        "```",
    )
    return name, text

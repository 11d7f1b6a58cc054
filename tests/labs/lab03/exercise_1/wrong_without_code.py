# cell: exercise_1_code
# says: no block that begins with
# fails: exercise_1_code_test
# hidden: exercise_1_code_test
original = code_variant  # noqa: F821


def code_variant():
    name, text = original()
    text = text.replace(
        "```python\ndef double(number: float) -> float:\n    return 2 * number\n```",
        "2 * number",
    )
    return name, text

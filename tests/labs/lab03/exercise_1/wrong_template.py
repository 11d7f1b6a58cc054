# cell: exercise_1_math
# says: TEMPLATE replaces the model's chat format
# fails: exercise_1_math_test
# hidden: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "SYSTEM",
        'TEMPLATE """{{ .System }} {{ .Prompt }}"""\nSYSTEM',
    )
    return name, text

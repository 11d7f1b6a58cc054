# cell: exercise_1_math
# says: a parameter has another name in Ollama
# fails: exercise_1_math_test
original = math_variant  # noqa: F821


def math_variant():
    name, text = original()
    text = text.replace(
        "num_ctx",
        "context_length",
    )
    return name, text

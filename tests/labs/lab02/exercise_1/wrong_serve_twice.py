# cell: exercise_1_compose
# says: is the image's entrypoint already
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "/models/phi-4-mini ",
        "vllm serve /models/phi-4-mini ",
    )
    return text

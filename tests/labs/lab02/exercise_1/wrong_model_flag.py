# cell: exercise_1_compose
# says: the model comes first, without a flag
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "/models/phi-4-mini ",
        "--model /models/phi-4-mini ",
    )
    return text

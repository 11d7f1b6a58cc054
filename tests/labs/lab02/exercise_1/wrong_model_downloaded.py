# cell: exercise_1_compose
# says: which would be downloaded
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "/models/phi-4-mini ",
        "microsoft/Phi-4-mini-instruct ",
    )
    return text

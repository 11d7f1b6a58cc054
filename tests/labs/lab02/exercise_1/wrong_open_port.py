# cell: exercise_1_compose
# says: open to the whole network
# fails: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "127.0.0.1:8000:8000",
        "8000:8000",
    )
    return text

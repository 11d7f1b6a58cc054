# cell: exercise_1_compose
# says: `start_period` of 300s or more
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "600s",
        "1m30s",
    )
    return text

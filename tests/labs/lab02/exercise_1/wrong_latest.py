# cell: exercise_1_compose
# says: `latest` is another program tomorrow
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        ":v0.32.0",
        ":latest",
    )
    return text

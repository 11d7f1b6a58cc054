# cell: exercise_1_compose
# says: `version:` is obsolete
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "services:",
        "version: '3.8'\nservices:",
    )
    return text

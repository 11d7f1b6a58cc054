# cell: exercise_1_compose
# says: The file has 2 services
# fails: exercise_1_starts_test exercise_1_safe_test
# then: one is asked for
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "services:",
        "services:\n  other: {image: nginx}",
    )
    return text

# cell: exercise_1_compose
# says: above 4096 it is another model
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "4096",
        "8192",
    )
    return text

# cell: exercise_1_compose
# says: Tools are off
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--enable-auto-tool-choice",
        "",
    )
    return text

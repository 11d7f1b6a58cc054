# cell: exercise_1_compose
# says: The text is not YAML
# fails: exercise_1_starts_test exercise_1_safe_test
# then: look at the indentation
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "    ports:",
        "  ports:",
    )
    return text

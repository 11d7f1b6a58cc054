# cell: exercise_1_compose
# says: ./logs may be written
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        '"./templates:/templates:ro"',
        '"./templates:/templates:ro", "./logs:/app/logs"',
    )
    return text

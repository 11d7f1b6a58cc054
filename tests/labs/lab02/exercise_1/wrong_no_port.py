# cell: exercise_1_compose
# says: No port is published
# fails: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        'ports: ["127.0.0.1:8000:8000"]',
        "",
    )
    return text

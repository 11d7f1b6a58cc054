# cell: exercise_1_compose
# says: It runs as root
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        'user: "10001:10001"',
        'user: "0:0"',
    )
    return text

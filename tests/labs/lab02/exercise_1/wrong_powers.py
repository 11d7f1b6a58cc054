# cell: exercise_1_compose
# says: It keeps special powers
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "cap_drop: [ALL]",
        "cap_drop: [NET_RAW]",
    )
    return text

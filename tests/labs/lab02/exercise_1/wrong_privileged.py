# cell: exercise_1_compose
# says: opens the machine to the container
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "cap_drop: [ALL]",
        "cap_drop: [ALL], privileged: true",
    )
    return text

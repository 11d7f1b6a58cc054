# cell: exercise_1_compose
# says: It may gain rights
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        ', security_opt: ["no-new-privileges:true"]',
        "",
    )
    return text

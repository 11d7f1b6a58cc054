# cell: exercise_1_compose
# says: the model never sees a tool
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--chat-template /templates/phi4mini_tools.jinja",
        "",
    )
    return text

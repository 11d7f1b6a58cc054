# cell: exercise_1_compose
# says: The template /templates/phi4mini_tools.jinja lies in no volume
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        ', "./templates:/templates:ro"',
        "",
    )
    return text

# cell: exercise_1_compose
# says: needs a `--tool-call-parser`
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--tool-call-parser phi4_mini_json",
        "",
    )
    return text

# cell: exercise_1_compose
# says: `--max-model-len` is missing
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--max-model-len 4096 ",
        "",
    )
    return text

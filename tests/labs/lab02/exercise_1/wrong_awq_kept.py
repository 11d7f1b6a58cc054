# cell: exercise_1_compose
# says: a format that these weights do not have
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--max-num-seqs 8",
        "--max-num-seqs 8 --quantization awq",
    )
    return text

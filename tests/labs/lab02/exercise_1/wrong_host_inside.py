# cell: exercise_1_compose
# says: must listen on 0.0.0.0
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--max-num-seqs 8",
        "--max-num-seqs 8 --host 127.0.0.1",
    )
    return text

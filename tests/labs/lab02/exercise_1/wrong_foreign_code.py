# cell: exercise_1_compose
# says: runs Python from the model's repository
# fails: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--max-num-seqs 8",
        "--max-num-seqs 8 --trust-remote-code",
    )
    return text

# cell: exercise_1_compose
# says: and vLLM is at 8080
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "--max-num-seqs 8",
        "--max-num-seqs 8 --port 8080",
    )
    return text

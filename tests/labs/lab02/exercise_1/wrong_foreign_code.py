# cell: exercise_1_compose
# says: runs Python from the model's repository
# fails: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--max-num-seqs 8",
    "--max-num-seqs 8 --trust-remote-code",
)

# cell: exercise_1_compose
# says: a format that these weights do not have
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--max-num-seqs 8",
    "--max-num-seqs 8 --quantization awq",
)

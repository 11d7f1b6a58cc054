# cell: exercise_1_compose
# says: `--max-model-len` is missing
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--max-model-len 4096 ",
    "",
)

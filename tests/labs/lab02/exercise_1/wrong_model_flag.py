# cell: exercise_1_compose
# says: the model comes first, without a flag
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "/models/phi-4-mini ",
    "--model /models/phi-4-mini ",
)

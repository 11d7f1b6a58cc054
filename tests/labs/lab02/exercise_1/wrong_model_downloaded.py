# cell: exercise_1_compose
# says: which would be downloaded
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "/models/phi-4-mini ",
    "microsoft/Phi-4-mini-instruct ",
)

# cell: exercise_1_compose
# says: `start_period` of 300s or more
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "600s",
    "1m30s",
)

# cell: exercise_1_compose
# says: does not ask
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "8000/health",
    "8000/healthz-of-another",
)

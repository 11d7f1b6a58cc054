# cell: exercise_1_compose
# says: open to the whole network
# fails: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "127.0.0.1:8000:8000",
    "8000:8000",
)

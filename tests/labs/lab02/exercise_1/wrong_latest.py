# cell: exercise_1_compose
# says: `latest` is another program tomorrow
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    ":v0.32.0",
    ":latest",
)

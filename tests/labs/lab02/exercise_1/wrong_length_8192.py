# cell: exercise_1_compose
# says: above 4096 it is another model
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "4096",
    "8192",
)

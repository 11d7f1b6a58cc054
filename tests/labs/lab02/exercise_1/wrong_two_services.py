# cell: exercise_1_compose
# says: The file has 2 services
# fails: exercise_1_starts_test exercise_1_safe_test
# then: one is asked for
COMPOSE = COMPOSE.replace(  # noqa: F821
    "services:",
    "services:\n  other: {image: nginx}",
)

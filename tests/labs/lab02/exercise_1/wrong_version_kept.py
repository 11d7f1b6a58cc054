# cell: exercise_1_compose
# says: `version:` is obsolete
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "services:",
    "version: '3.8'\nservices:",
)

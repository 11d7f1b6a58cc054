# cell: exercise_1_compose
# says: No port is published
# fails: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    'ports: ["127.0.0.1:8000:8000"]',
    "",
)

# cell: exercise_1_compose
# says: ./logs may be written
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    '"./templates:/templates:ro"',
    '"./templates:/templates:ro", "./logs:/app/logs"',
)

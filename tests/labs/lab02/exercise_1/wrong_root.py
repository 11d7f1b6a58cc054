# cell: exercise_1_compose
# says: It runs as root
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    'user: "10001:10001"',
    'user: "0:0"',
)

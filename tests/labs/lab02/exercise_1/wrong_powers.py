# cell: exercise_1_compose
# says: It keeps special powers
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "cap_drop: [ALL]",
    "cap_drop: [NET_RAW]",
)

# cell: exercise_1_compose
# says: its own is phi4_mini_json
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "phi4_mini_json",
    "hermes",
)

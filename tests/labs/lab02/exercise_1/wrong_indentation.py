# cell: exercise_1_compose
# says: The text is not YAML
# fails: exercise_1_starts_test exercise_1_safe_test
# then: look at the indentation
COMPOSE = COMPOSE.replace(  # noqa: F821
    "    ports:",
    "  ports:",
)

# cell: exercise_1_compose
# says: Tools are off
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--enable-auto-tool-choice",
    "",
)

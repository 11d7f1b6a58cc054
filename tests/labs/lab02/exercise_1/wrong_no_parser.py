# cell: exercise_1_compose
# says: needs a `--tool-call-parser`
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--tool-call-parser phi4_mini_json",
    "",
)

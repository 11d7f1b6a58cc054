# cell: exercise_1_compose
# says: the model never sees a tool
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "--chat-template /templates/phi4mini_tools.jinja",
    "",
)

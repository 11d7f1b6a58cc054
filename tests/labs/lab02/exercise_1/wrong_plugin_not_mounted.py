# cell: exercise_1_compose
# says: The plugin /plugins/mine.py lies in no volume
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "phi4_mini_json",
    "mine --tool-parser-plugin /plugins/mine.py",
)

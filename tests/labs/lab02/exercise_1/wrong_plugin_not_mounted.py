# cell: exercise_1_compose
# says: The plugin /plugins/mine.py lies in no volume
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "phi4_mini_json",
        "mine --tool-parser-plugin /plugins/mine.py",
    )
    return text

# cell: exercise_1_compose
# says: HF_TOKEN is in the environment
# fails: exercise_1_safe_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        'HF_HUB_OFFLINE: "1"',
        'HF_TOKEN: "${HF_TOKEN}"',
    )
    return text

# cell: exercise_1_compose
# says: does not ask
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "8000/health",
        "8000/healthz-of-another",
    )
    return text

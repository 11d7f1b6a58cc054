# cell: exercise_1_compose
# says: There is no health check any more
# fails: exercise_1_starts_test
# hidden: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        'healthcheck: {test: [CMD, curl, -f, "http://localhost:8000/health"], start_period: 600s}',
        "",
    )
    return text

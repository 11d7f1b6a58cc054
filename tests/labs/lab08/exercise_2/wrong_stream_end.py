# cell: exercise_2_figures
# says: `end` is when the stream was closed
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    return found | {"e2e": record["end"] - record["due"]}

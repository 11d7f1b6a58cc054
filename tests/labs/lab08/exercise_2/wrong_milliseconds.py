# cell: exercise_2_figures
# says: Those are milliseconds
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    return found | {"ttft": found["ttft"] and 1000 * found["ttft"]}

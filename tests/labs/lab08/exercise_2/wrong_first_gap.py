# cell: exercise_2_figures
# says: one gap too many
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    first = record["chunks"][:1]
    return found | {"itl": [time - record["due"] for time in first] + found["itl"]}

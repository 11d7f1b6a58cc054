# cell: exercise_2_figures
# says: A chunk may hold several tokens
# fails: exercise_2_figures_test
# hidden: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    gaps = len(record["chunks"]) - 1
    if found["tpot"] is not None and gaps:
        found["tpot"] = (record["last"] - record["first"]) / gaps
    return found

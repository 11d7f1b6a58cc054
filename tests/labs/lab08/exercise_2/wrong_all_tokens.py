# cell: exercise_2_figures
# says: n - 1 gaps
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    if found["tpot"] is not None:
        tokens = record["output_tokens"]
        found["tpot"] *= (tokens - 1) / tokens
    return found

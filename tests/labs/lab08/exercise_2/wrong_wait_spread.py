# cell: exercise_2_figures
# says: You spread the wait
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    if found["tpot"] is not None:
        found["tpot"] = found["e2e"] / record["output_tokens"]
    return found

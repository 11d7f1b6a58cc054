# cell: exercise_2_figures
# says: a chunk without text
# fails: exercise_2_figures_test
quiet_figures = figures  # noqa: F821


def figures(record):
    found = quiet_figures(record)
    if record["event"] is not None:
        found["ttft"] = record["event"] - record["due"]
    return found

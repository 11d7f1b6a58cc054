# cell: exercise_1_percentile
# says: use sorted(), which copies
# fails: exercise_1_percentile_test
quiet_percentile = percentile  # noqa: F821


def percentile(values, p):
    values.sort()
    return quiet_percentile(values, p)

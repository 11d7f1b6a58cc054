# cell: exercise_4_wilson
# says: They are turned around: the low end comes first
# fails: exercise_4_wilson_test exercise_4_report_test
quiet_wilson = wilson  # noqa: F821


def wilson(right, total):
    low, high = quiet_wilson(right, total)
    return high, low

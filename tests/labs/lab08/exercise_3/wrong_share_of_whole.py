# cell: exercise_3_goodput
# says: The share is of all requests
# fails: exercise_3_goodput_test
# hidden: exercise_3_goodput_test
quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    rate, share = quiet_goodput(records, limits)
    whole = sum(r["status"] == "ok" for r in records)
    return rate, share * len(records) / whole

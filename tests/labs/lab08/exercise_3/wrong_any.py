# cell: exercise_3_goodput
# says: One limit kept is not enough
# fails: exercise_3_goodput_test
quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    seconds = throughput(records)["seconds"]  # noqa: F821
    whole = [figures(r) for r in records if r["status"] == "ok"]  # noqa: F821
    count = sum(any((f[n] or 0) <= v for n, v in limits.items()) for f in whole)
    return count / seconds, count / len(records)

# cell: exercise_3_throughput
# says: was not due at 0
# fails: exercise_3_throughput_test exercise_3_goodput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    return found | {"seconds": max(r["end"] for r in records)}

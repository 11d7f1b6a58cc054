# cell: exercise_3_throughput
# says: they ran side by side
# fails: exercise_3_throughput_test exercise_3_goodput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    found["seconds"] = sum(r["end"] - r["due"] for r in records)
    return found

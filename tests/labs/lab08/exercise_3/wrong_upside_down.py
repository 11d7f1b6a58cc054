# cell: exercise_3_throughput
# says: turn it around
# fails: exercise_3_throughput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    return found | {"requests_per_second": 1 / found["requests_per_second"]}

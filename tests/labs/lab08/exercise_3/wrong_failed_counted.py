# cell: exercise_3_throughput
# says: You counted failed requests
# fails: exercise_3_throughput_test
# hidden: exercise_3_throughput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    found["requests_per_second"] = len(records) / found["seconds"]
    return found

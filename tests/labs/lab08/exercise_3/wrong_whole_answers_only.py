# cell: exercise_3_throughput
# says: A failed request took time
# fails: exercise_3_throughput_test exercise_3_goodput_test
# hidden: exercise_3_throughput_test exercise_3_goodput_test
quiet_throughput = throughput  # noqa: F821


def throughput(records):
    return quiet_throughput([r for r in records if r["status"] == "ok"])

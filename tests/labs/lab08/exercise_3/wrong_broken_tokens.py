# cell: exercise_3_throughput
# says: answers that broke off
# fails: exercise_3_throughput_test
# hidden: exercise_3_throughput_test
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    tokens = sum(r["output_tokens"] or 0 for r in records)
    return found | {"tokens_per_second": tokens / found["seconds"]}

# cell: exercise_3_throughput
# says: turn it around
# fails: exercise_3_throughput_test
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    return found | {"requests_per_second": 1 / found["requests_per_second"]}

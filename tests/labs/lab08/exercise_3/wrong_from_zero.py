# cell: exercise_3_throughput
# says: was not due at 0
# fails: exercise_3_throughput_test exercise_3_goodput_test
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


quiet_throughput = throughput  # noqa: F821


def throughput(records):
    found = quiet_throughput(records)
    return found | {"seconds": max(r["end"] for r in records)}

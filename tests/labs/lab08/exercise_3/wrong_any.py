# cell: exercise_3_goodput
# says: One limit kept is not enough
# fails: exercise_3_goodput_test
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    seconds = throughput(records)["seconds"]  # noqa: F821
    whole = [figures(r) for r in records if r["status"] == "ok"]
    count = sum(any((f[n] or 0) <= v for n, v in limits.items()) for f in whole)
    return count / seconds, count / len(records)

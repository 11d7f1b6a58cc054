# cell: exercise_3_goodput
# says: An answer of one token has no TPOT
# fails: exercise_3_goodput_test
# hidden: exercise_3_goodput_test
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    seconds = throughput(records)["seconds"]  # noqa: F821
    some = [r for r in records if (r["output_tokens"] or 0) > 1]
    count = round(quiet_goodput(some, limits)[1] * len(some))
    return count / seconds, count / len(records)

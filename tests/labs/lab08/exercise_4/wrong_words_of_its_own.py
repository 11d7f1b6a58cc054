# cell: exercise_4_choose
# says: is no reason
# fails: exercise_4_choose_test
from workbook.bench import metrics
from workbook.bench.records import Record as Measured


def supported(n, p):  # exercises 1 and 3, whatever the same submission made of them
    return p**n <= 0.05


def goodput(records, limits):
    rows = [Measured(**row) for row in records]
    found = metrics.summarise(rows, metrics.Limits(**limits))
    return found.goodput, found.good_share


def throughput(records):
    found = metrics.summarise([Measured(**row) for row in records])
    return {"requests_per_second": found.requests_per_second}


quiet_choose = choose  # noqa: F821


def choose(candidates, limits, share, memory):
    found = quiet_choose(candidates, limits, share, memory)
    return found | {"rejected": {n: "too slow" for n in found["rejected"]}}

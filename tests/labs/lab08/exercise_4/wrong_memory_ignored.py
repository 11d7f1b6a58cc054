# cell: exercise_4_choose
# says: out because of 'memory'
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


def choose(candidates, limits, share, memory):
    rejected, best = {}, {}
    for name, one in candidates.items():
        whole = sum(record["status"] == "ok" for record in one["records"])
        rate, good = goodput(one["records"], limits)
        if whole < 59:
            rejected[name] = "sample"
        elif False:
            rejected[name] = "memory"
        elif good < share:
            rejected[name] = "limits"
        else:
            best[name] = (rate, -one["peak_bytes"])
    return {"choice": max(best, key=best.get) if best else None, "rejected": rejected}

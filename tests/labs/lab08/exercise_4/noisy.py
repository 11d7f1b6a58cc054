# cell: exercise_4_choose
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


import logging
import sys
import warnings

logging.basicConfig(level=logging.INFO)
print("50%|#####     | 1/2 [00:01<00:01, 1.2it/s]", file=sys.stderr)


def noise():
    warnings.warn("this will change in a future version", FutureWarning, stacklevel=2)
    logging.getLogger("student").warning("still here")
    print("Traceback of nothing at all", file=sys.stderr)
    print("and a line on stdout")


quiet_choose = choose  # noqa: F821


def choose(candidates, limits, share, memory):
    noise()
    return quiet_choose(candidates, limits, share, memory)

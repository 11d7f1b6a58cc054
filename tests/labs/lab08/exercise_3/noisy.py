# cell: exercise_3_goodput
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


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


quiet_goodput = goodput  # noqa: F821


def goodput(records, limits):
    noise()
    return quiet_goodput(records, limits)

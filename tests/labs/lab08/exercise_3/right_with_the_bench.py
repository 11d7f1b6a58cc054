# cell: exercise_3_goodput
from workbook.bench.records import Record as Measured


def figures(record):  # exercise 2, whatever the same submission made of it
    made = Measured(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}


from workbook.bench.metrics import Limits, summarise
from workbook.bench.records import Record


def goodput(records, limits):
    found = summarise([Record(**record) for record in records], Limits(**limits))
    return found.goodput, found.good_share

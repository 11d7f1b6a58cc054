# cell: exercise_3_goodput
from workbook.bench.metrics import Limits, summarise
from workbook.bench.records import Record


def goodput(records, limits):
    found = summarise([Record(**record) for record in records], Limits(**limits))
    return found.goodput, found.good_share

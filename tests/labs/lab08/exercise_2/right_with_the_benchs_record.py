# cell: exercise_2_figures
from workbook.bench.records import Record


def figures(record):
    made = Record(**record)
    return {"ttft": made.ttft, "tpot": made.tpot, "itl": made.itl, "e2e": made.e2e}

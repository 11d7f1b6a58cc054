# cell: exercise_1_number
from fractions import Fraction as Exact


def number(text):
    said = stated(text).replace(",", "")  # noqa: F821
    found = re.search(r"-?\d+(\.\d+)?(\s*/\s*\d+)?", said)  # noqa: F821
    try:
        return float(Exact(re.sub(r"\s", "", found.group()))) if found else None  # noqa: F821
    except ZeroDivisionError:
        return None

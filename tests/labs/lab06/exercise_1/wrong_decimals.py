# cell: exercise_1_number
# says: You stopped at the decimal point
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*", stated(text))  # noqa: F821
    return float(found.group().replace(",", "")) if found else None

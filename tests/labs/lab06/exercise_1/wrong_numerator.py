# cell: exercise_1_number
# says: You took the number above the line
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return float(found.group().replace(",", "")) if found else None

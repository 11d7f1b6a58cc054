# cell: exercise_1_number
# says: turn it into a float
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return found.group().replace(",", "") if found else None

# cell: exercise_1_number
# says: what happens there when nothing is found?
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return float(found.group().replace(",", ""))

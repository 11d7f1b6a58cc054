# cell: exercise_1_number
# says: gave int: give a float
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return int(float(found.group().replace(",", ""))) if found else None

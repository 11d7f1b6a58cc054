# cell: exercise_1_number
# says: divided by 0: a fraction with 0 below is no number
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    pattern = r"(-?\d[\d,]*(?:\.\d+)?)(?:\s*/\s*(\d+))?"
    found = re.search(pattern, stated(text))  # noqa: F821
    return float(found[1].replace(",", "")) / int(found[2] or 1) if found else None

# cell: exercise_1_number
# says: gave nan
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    pattern = r"(-?\d[\d,]*(?:\.\d+)?)(?:\s*/\s*(\d+))?"
    found = re.search(pattern, stated(text))  # noqa: F821
    if not found or (found[2] and not int(found[2])):
        return float("nan") if found else None
    return float(found[1].replace(",", "")) / int(found[2] or 1)

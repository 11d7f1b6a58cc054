# cell: exercise_1_number
# says: gave 3, and there is no number in that answer
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    pattern = r"(-?\d[\d,]*(?:\.\d+)?)(?:\s*/\s*(\d+))?"
    found = re.search(pattern, stated(text))  # noqa: F821
    if not found:
        return None
    return float(found[1].replace(",", "")) / (int(found[2] or 1) or 1)

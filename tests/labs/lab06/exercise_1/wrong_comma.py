# cell: exercise_1_number
# says: You stopped at the comma
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"(-?\d+(?:\.\d+)?)(?:\s*/\s*(\d+))?", stated(text))  # noqa: F821
    if not found or (found[2] and not int(found[2])):
        return None
    return float(found[1]) / int(found[2] or 1)

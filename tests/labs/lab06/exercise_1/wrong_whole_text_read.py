# cell: exercise_1_number
# says: gave 61 and 48.4 is right
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"(-?\d[\d,]*(?:\.\d+)?)(?:\s*/\s*(\d+))?", text)  # noqa: F821
    if not found or (found[2] and not int(found[2])):
        return None
    return float(found[1].replace(",", "")) / int(found[2] or 1)

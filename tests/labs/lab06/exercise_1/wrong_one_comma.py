# cell: exercise_1_number
# says: gave 1250 and 1.25e+06 is right. Compare with hint 1
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    pattern = r"(-?\d+(?:,\d{3})?(?:\.\d+)?)(?:\s*/\s*(\d+))?"
    found = re.search(pattern, stated(text))  # noqa: F821
    if not found or (found[2] and not int(found[2])):
        return None
    return float(found[1].replace(",", "")) / int(found[2] or 1)

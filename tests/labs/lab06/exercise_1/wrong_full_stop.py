# cell: exercise_1_number
# says: could not convert string to float: '2.40.'
# fails: exercise_1_number_test
# hidden: exercise_1_number_test
def number(text):
    found = re.search(r"(-?\d[\d,.]*)(?:\s*/\s*(\d+))?", stated(text))  # noqa: F821
    if not found or (found[2] and not int(found[2])):
        return None
    return float(found[1].replace(",", "")) / int(found[2] or 1)

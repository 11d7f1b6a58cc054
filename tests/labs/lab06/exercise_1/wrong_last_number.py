# cell: exercise_1_number
# says: gave 6 and -7.5 is right. That number is in the text too
# fails: exercise_1_number_test
def number(text):
    found = re.findall(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return float(found[-1].replace(",", "")) if found else None

# cell: exercise_1_number
# says: number('Answer: I do not know.') gave 0
# fails: exercise_1_number_test
def number(text):
    found = re.search(r"-?\d[\d,]*(?:\.\d+)?", stated(text))  # noqa: F821
    return float(found.group().replace(",", "")) if found else 0.0

# cell: exercise_1_number
# says: TypeError: float() argument must be a string or a real number, not 'list'
# fails: exercise_1_number_test
def number(text):
    return float(re.findall(r"-?\d[\d,]*(?:\.\d+)?", stated(text)))  # noqa: F821

# cell: exercise_1_number
# says: Does your pattern know this way to write a number
# fails: exercise_1_number_test
def number(text):
    try:
        return float(stated(text))  # noqa: F821
    except ValueError:
        return None

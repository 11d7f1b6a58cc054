# cell: exercise_2_value
# says: That is the first number alone
# fails: exercise_2_value_test exercise_2_steps_test
def value(expression):
    found = re.match(r"\d+(\.\d+)?", expression)  # noqa: F821
    if not found:
        raise ValueError(f"{expression} is no calculation")
    return Fraction(found.group())  # noqa: F821

# cell: exercise_2_value
# says: '5 / 0' is a division by 0, and the function stopped with ZeroDivisionError
# fails: exercise_2_value_test exercise_2_steps_test
# hidden: exercise_2_steps_test
def value(expression):
    if not re.fullmatch(r"\s*\d+(\.\d+)?(\s*[-+x/]\s*\d+(\.\d+)?)*\s*", expression):  # noqa: F821
        raise ValueError(f"{expression} is no calculation")
    total = Fraction(0)  # noqa: F821
    for sign, term in re.findall(r"([-+]?)([^-+]+)", expression):  # noqa: F821
        product = Fraction(1)  # noqa: F821
        for operation, text in re.findall(r"([x/]?)\s*([\d.]+)", term):  # noqa: F821
            number = Fraction(text)  # noqa: F821
            product = product / number if operation == "/" else product * number
        total += -product if sign == "-" else product
    return total

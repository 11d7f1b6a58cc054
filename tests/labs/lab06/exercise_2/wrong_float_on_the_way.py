# cell: exercise_2_value
# says: It was a float on the way
# fails: exercise_2_value_test
def value(expression):
    if not re.fullmatch(r"\s*\d+(\.\d+)?(\s*[-+x/]\s*\d+(\.\d+)?)*\s*", expression):  # noqa: F821
        raise ValueError(f"{expression} is no calculation")
    total = 0.0
    for sign, term in re.findall(r"([-+]?)([^-+]+)", expression):  # noqa: F821
        product = 1.0
        for operation, text in re.findall(r"([x/]?)\s*([\d.]+)", term):  # noqa: F821
            if operation == "/" and not float(text):
                raise ValueError("a division by 0")
            product = product / float(text) if operation == "/" else product * float(text)
        total += -product if sign == "-" else product
    return Fraction(total)  # noqa: F821

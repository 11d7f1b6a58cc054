# cell: exercise_2_value
# says: '().__class__' is Python, not a calculation, and the function gave
# fails: exercise_2_value_test
def value(expression):
    total = Fraction(0)  # noqa: F821
    for sign, term in re.findall(r"([-+]?)([^-+]+)", expression):  # noqa: F821
        product = Fraction(1)  # noqa: F821
        for operation, text in re.findall(r"([x/]?)\s*([\d.]*\d)", term):  # noqa: F821
            number = Fraction(text)  # noqa: F821
            if operation == "/" and not number:
                raise ValueError("a division by 0")
            product = product / number if operation == "/" else product * number
        total += -product if sign == "-" else product
    return total

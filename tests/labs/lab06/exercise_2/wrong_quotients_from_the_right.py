# cell: exercise_2_value
# says: value('60 / 4 / 5 x 2') gave
# fails: exercise_2_value_test
# hidden: exercise_2_value_test
def product(text):
    left, sign, right = re.match(r"([^x/]*)([x/]?)(.*)", text).groups()  # noqa: F821
    number = Fraction(left.strip())  # noqa: F821
    if not sign:
        return number
    other = product(right)
    if sign == "/" and not other:
        raise ValueError("a division by 0")
    return number * other if sign == "x" else number / other


def value(expression):
    terms = re.findall(r"([-+]?)([^-+]+)", expression)  # noqa: F821
    if not re.match(r"[\d\s.]+([-+x/][\d\s.]+)*$", expression):  # noqa: F821
        raise ValueError("no calculation")
    return sum((-1 if sign == "-" else 1) * product(term) for sign, term in terms)

# cell: exercise_2_value
# says: x and / come before + and -
# fails: exercise_2_value_test exercise_2_steps_test
# hidden: exercise_2_steps_test
def value(expression):
    if not re.fullmatch(r"\s*\d+(\.\d+)?(\s*[-+x/]\s*\d+(\.\d+)?)*\s*", expression):  # noqa: F821
        raise ValueError(f"{expression} is no calculation")
    first, *rest = re.split(r"([-+x/])", expression)  # noqa: F821
    total = Fraction(first.strip())  # noqa: F821
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        number = Fraction(text.strip())  # noqa: F821
        if sign == "/" and not number:
            raise ValueError("a division by 0")
        total = {"+": total + number, "-": total - number, "x": total * number}.get(sign) or (
            total / number
        )
    return total

# cell: exercise_2_value
# says: of equal signs the left one comes first
# fails: exercise_2_value_test
# hidden: exercise_2_value_test
def value(expression):
    for signs in ("[-+]", "[x/]"):
        found = re.search(signs, expression)  # noqa: F821
        if found:
            left, right = value(expression[: found.start()]), value(expression[found.end() :])
            if found[0] == "/" and not right:
                raise ValueError("a division by 0")
            if found[0] in "+-":
                return left + right if found[0] == "+" else left - right
            return left * right if found[0] == "x" else left / right
    return Fraction(expression.strip())  # noqa: F821

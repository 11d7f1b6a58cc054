# cell: exercise_2_value
# says: gave the text to eval
# fails: exercise_2_value_test
def value(expression):
    try:
        result = eval(expression.replace("x", "*"), {"__builtins__": {}})
        return Fraction(str(round(result, 9)))  # noqa: F821
    except Exception:
        raise ValueError(f"{expression} is no calculation") from None

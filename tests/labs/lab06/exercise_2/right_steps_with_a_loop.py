# cell: exercise_2_steps
def wrong_steps(text):
    wrong = []
    for number, line in enumerate(text.split("\n")):
        for found in STEP.finditer(line):  # noqa: F821
            said, _, decimals = found["result"].partition(".")
            unit = 10 ** len(decimals)
            stated = Fraction(int(said + decimals), unit)  # noqa: F821
            try:
                off = abs(value(found["calculation"]) - stated) * unit  # noqa: F821
            except ValueError:
                off = 1
            if off > (0.5 if decimals else 0):
                wrong.append((number + 1, found.group()))
    return wrong

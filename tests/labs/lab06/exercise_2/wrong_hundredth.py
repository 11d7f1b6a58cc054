# cell: exercise_2_steps
# says: More than half a unit of the last decimal is too much
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
def wrong_steps(text):
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for step in STEP.finditer(line):  # noqa: F821
            decimals = len(step["result"].partition(".")[2])
            near = Fraction(1, 10**decimals) if decimals else 0  # noqa: F821
            try:
                off = abs(value(step["calculation"]) - Fraction(step["result"]))  # noqa: F821
            except ValueError:
                off = 9
            if off > near:
                found.append((number, step[0]))
    return found

# cell: exercise_2_steps
# says: A result without decimals must be exact
# fails: exercise_2_steps_test
def wrong_steps(text):
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for step in STEP.finditer(line):  # noqa: F821
            near = Fraction(1, 2 * 10 ** len(step["result"].partition(".")[2]))  # noqa: F821
            try:
                off = abs(value(step["calculation"]) - Fraction(step["result"]))  # noqa: F821
            except ValueError:
                off = 9
            if off > near:
                found.append((number, step[0]))
    return found

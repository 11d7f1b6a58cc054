# cell: exercise_2_steps
# says: ValueError: '7 / 0' divides by 0
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
def wrong_steps(text):
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for step in STEP.finditer(line):  # noqa: F821
            decimals = len(step["result"].partition(".")[2])
            near = Fraction(1, 2 * 10**decimals) if decimals else 0  # noqa: F821
            if abs(value(step["calculation"]) - Fraction(step["result"])) > near:  # noqa: F821
                found.append((number, step[0]))
    return found

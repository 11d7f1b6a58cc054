# cell: exercise_2_steps
# says: Half a unit of the last decimal that is shown is allowed
# fails: exercise_2_steps_test
def wrong_steps(text):
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for step in STEP.finditer(line):  # noqa: F821
            if value(step["calculation"]) != Fraction(step["result"]):  # noqa: F821
                found.append((number, step[0]))
    return found

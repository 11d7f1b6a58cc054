# cell: exercise_2_steps
# says: Floats do not give 0.3 here
# fails: exercise_2_steps_test
quiet_steps = wrong_steps  # noqa: F821


def wrong_steps(text):
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for step in STEP.finditer(line):  # noqa: F821
            if "/" in step["calculation"]:
                found += [(number, said) for _, said in quiet_steps(step[0])]
            elif eval(step["calculation"].replace("x", "*")) != float(step["result"]):
                found.append((number, step[0]))
    return found

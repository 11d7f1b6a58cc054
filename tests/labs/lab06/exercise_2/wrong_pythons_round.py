# cell: exercise_2_steps
# says: [(1, '1 / 8 = 0.13')]
# fails: exercise_2_steps_test
# hidden: exercise_2_steps_test
def right(step):
    decimals = len(step["result"].partition(".")[2])
    try:
        exact = value(step["calculation"])  # noqa: F821
    except ValueError:
        return False
    return (round(exact, decimals) if decimals else exact) == Fraction(step["result"])  # noqa: F821


def wrong_steps(text):
    lines = enumerate(text.splitlines(), start=1)
    steps = [(number, step) for number, line in lines for step in STEP.finditer(line)]  # noqa: F821
    return [(number, step[0]) for number, step in steps if not right(step)]

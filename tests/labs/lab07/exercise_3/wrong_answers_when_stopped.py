# cell: exercise_3_run
# says: the model gave none
# fails: exercise_3_limits_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    return found | {"answer": found["answer"] or ("no answer" if found["stopped"] else "")}

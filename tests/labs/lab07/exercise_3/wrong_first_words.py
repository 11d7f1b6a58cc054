# cell: exercise_3_run
# says: run's answer is 'Let me see' and
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    return found | {"answer": "" if found["stopped"] else "Let me see"}

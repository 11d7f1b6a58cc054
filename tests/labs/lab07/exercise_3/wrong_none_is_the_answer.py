# cell: exercise_3_run
# says: run's answer is None (is a `return` missing?)
# fails: exercise_3_answer_test exercise_3_limits_test
# hidden: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    return found | {"answer": found["answer"] or None}

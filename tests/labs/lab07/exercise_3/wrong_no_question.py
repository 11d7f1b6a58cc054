# cell: exercise_3_run
# says: the user's question is right
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    return quiet_run(ask, {"text": question}, perform, rounds)

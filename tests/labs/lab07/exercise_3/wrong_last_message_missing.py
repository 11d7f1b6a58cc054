# cell: exercise_3_run
# says: add each, the last one too
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    if not found["stopped"]:
        found["messages"].pop()
    return found

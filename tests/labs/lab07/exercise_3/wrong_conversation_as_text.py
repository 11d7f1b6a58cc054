# cell: exercise_3_run
# says: run's messages are str
# fails: exercise_3_answer_test exercise_3_limits_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    return found | {"messages": json.dumps(found["messages"])}  # noqa: F821

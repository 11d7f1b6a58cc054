# cell: exercise_3_run
# says: These functions were called
# fails: exercise_3_answer_test exercise_3_limits_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    found = quiet_run(ask, question, perform, rounds)
    for message in found["messages"]:
        for call in message.get("tool_calls") or []:
            perform(call)
    return found

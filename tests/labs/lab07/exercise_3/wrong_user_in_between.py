# cell: exercise_3_run
# says: and nothing else
# fails: exercise_3_answer_test
quiet_run = run  # noqa: F821


def run(ask, question, perform, rounds=5):
    def pushing(messages):
        if len(messages) > 1:
            messages.append({"role": "user", "content": "Go on."})
        return ask(messages)

    return quiet_run(pushing, question, perform, rounds)

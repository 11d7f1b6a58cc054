# cell: exercise_3_run
def wish(message):
    return [tuple(call["function"].values()) for call in message.get("tool_calls") or ()]


def go_on(ask, messages, perform, rounds, last):
    if not rounds:
        return {"answer": "", "stopped": "rounds", "messages": messages}
    said = ask(list(messages))
    messages = [*messages, said]
    if not wish(said):
        return {"answer": said.get("content") or "", "stopped": "", "messages": messages}
    if wish(said) == last:
        return {"answer": "", "stopped": "repeats", "messages": messages}
    results = [perform(call) for call in said["tool_calls"]]
    return go_on(ask, messages + results, perform, rounds - 1, wish(said))


def run(ask, question, perform, rounds=5):
    return go_on(ask, [{"role": "user", "content": question}], perform, rounds, None)

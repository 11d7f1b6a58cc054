# cell: exercise_3_run
def wish(message):
    return [tuple(call["function"].values()) for call in message.get("tool_calls") or ()]


def go_on(ask, messages, functions, rounds, last):
    if not rounds:
        return {"answer": "", "stopped": "rounds", "messages": messages}
    said = ask(list(messages))
    messages = [*messages, said]
    if not wish(said):
        return {"answer": said.get("content") or "", "stopped": "", "messages": messages}
    if wish(said) == last:
        return {"answer": "", "stopped": "repeats", "messages": messages}
    results = [result_message(call, functions) for call in said["tool_calls"]]  # noqa: F821
    return go_on(ask, messages + results, functions, rounds - 1, wish(said))


def run(ask, question, functions, rounds=5):
    return go_on(ask, [{"role": "user", "content": question}], functions, rounds, None)

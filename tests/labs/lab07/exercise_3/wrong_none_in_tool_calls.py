# cell: exercise_3_run
# says: TypeError: 'NoneType' object is not iterable
# fails: exercise_3_answer_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls", [])
        wanted = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
        if not calls or wanted == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = wanted
        messages += [perform(call) for call in calls]
    return {"answer": "", "stopped": "rounds", "messages": messages}

# cell: exercise_3_run
# says: The model was asked more than 20 times
# fails: exercise_3_limits_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    while True:
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        wanted = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
        if not calls or wanted == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = wanted
        messages += [perform(call) for call in calls]

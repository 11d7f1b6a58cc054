# cell: exercise_3_run
# says: only the ids differ
# fails: exercise_3_limits_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        if not calls or calls == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = calls
        messages += [perform(call) for call in calls]
    return {"answer": "", "stopped": "rounds", "messages": messages}

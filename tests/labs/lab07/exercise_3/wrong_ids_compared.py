# cell: exercise_3_run
# says: only the ids differ
# fails: exercise_3_limits_test
def run(ask, question, functions, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        if not calls or calls == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = calls
        messages += [result_message(call, functions) for call in calls]  # noqa: F821
    return {"answer": "", "stopped": "rounds", "messages": messages}

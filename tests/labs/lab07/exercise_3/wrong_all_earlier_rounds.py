# cell: exercise_3_run
# says: Only the message right before counts as a repetition
# fails: exercise_3_limits_test
# hidden: exercise_3_limits_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], []
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        wanted = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
        if not calls or wanted in before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before.append(wanted)
        messages += [perform(call) for call in calls]
    return {"answer": "", "stopped": "rounds", "messages": messages}

# cell: exercise_3_run
# says: The model was asked 2 times, and 5 is right. rounds is 5
# fails: exercise_3_answer_test exercise_3_limits_test
# hidden: exercise_3_answer_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        wanted = [call["function"]["name"] for call in calls]
        if not calls or wanted == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = wanted
        messages += [perform(call) for call in calls]
    return {"answer": "", "stopped": "rounds", "messages": messages}

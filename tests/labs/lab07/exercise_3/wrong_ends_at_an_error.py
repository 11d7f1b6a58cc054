# cell: exercise_3_run
# says: after its calls, wrong ones too, it is asked again
# fails: exercise_3_answer_test
def run(ask, question, perform, rounds=5):
    messages, before = [{"role": "user", "content": question}], None
    for _ in range(rounds):
        messages.append(said := ask(messages))
        calls = said.get("tool_calls") or []
        wanted = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
        if not calls or wanted == before:
            answer, stopped = ("", "repeats") if calls else (said["content"] or "", "")
            return {"answer": answer, "stopped": stopped, "messages": messages}
        before = wanted
        messages += [perform(call) for call in calls]
        if "error" in messages[-1]["content"]:
            return {"answer": "", "stopped": "", "messages": messages}
    return {"answer": "", "stopped": "rounds", "messages": messages}

# cell: exercise_3_run
# says: an answer ends the loop
# fails: exercise_3_answer_test exercise_3_limits_test
def run(ask, question, perform, rounds=5):
    messages = [{"role": "user", "content": question}]
    for _ in range(rounds):
        messages.append(said := ask(messages))
        messages += [perform(call) for call in said.get("tool_calls") or []]
    return {"answer": said["content"] or "", "stopped": "rounds", "messages": messages}

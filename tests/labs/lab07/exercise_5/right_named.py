# cell: exercise_5_forced
def forced(client, model, question, tool, max_tokens=200):
    choice = {"type": "function", "function": {"name": tool["function"]["name"]}}
    fields = {"model": model, "messages": [{"role": "user", "content": question}]}
    fields |= {"tools": [tool], "tool_choice": choice, "temperature": 0.0}
    [chosen] = client.chat.completions.create(**fields, max_tokens=max_tokens).choices
    for call in chosen.message.tool_calls or []:
        return json.loads(call.function.arguments)  # noqa: F821
    raise ValueError("The answer ended before there was a call.")

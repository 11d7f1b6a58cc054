# cell: exercise_5_forced
# says: gave ChatCompletionMessageFunctionToolCall
# fails: exercise_5_forced_test
def forced(client, model, question, tool, max_tokens=200):
    reply = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        tools=[tool],
        tool_choice="required",
        temperature=0,
        max_tokens=max_tokens,
    )
    calls = reply.choices[0].message.tool_calls
    if not calls:
        raise ValueError("There is no call.")
    return calls[0]

# cell: exercise_5_forced
# says: it must be 'required'
# fails: exercise_5_forced_test
def forced(client, model, question, tool, max_tokens=200):
    reply = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        tools=[tool],
        temperature=0,
        max_tokens=max_tokens,
    )
    calls = reply.choices[0].message.tool_calls
    if not calls:
        raise ValueError("There is no call.")
    return json.loads(calls[0].function.arguments)  # noqa: F821

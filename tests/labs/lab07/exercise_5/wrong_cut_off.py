# cell: exercise_5_forced
# says: With 3 tokens there is no call, and the function stopped with TypeError
# fails: exercise_5_forced_test
# hidden: exercise_5_forced_test
def forced(client, model, question, tool, max_tokens=200):
    reply = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        tools=[tool],
        tool_choice="required",
        temperature=0,
        max_tokens=max_tokens,
    )
    return json.loads(reply.choices[0].message.tool_calls[0].function.arguments)  # noqa: F821

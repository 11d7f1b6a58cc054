# cell: exercise_2_result
# says: stopped with ValueError (at most 8 people at a table)
# fails: exercise_2_result_test
def result_message(call, tools):
    content = refusal(call, tools)  # noqa: F821
    if content:
        content = json.dumps({"error": content})  # noqa: F821
    else:
        arguments = json.loads(call["function"]["arguments"])  # noqa: F821
        result = tools[call["function"]["name"]]["call"](**arguments)
        content = result if isinstance(result, str) else json.dumps(result)  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

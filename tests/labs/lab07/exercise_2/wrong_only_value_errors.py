# cell: exercise_2_result
# says: stopped with ConnectionError (no connection)
# fails: exercise_2_result_test
# hidden: exercise_2_result_test
def result_message(call, tools):
    try:
        if said := refusal(call, tools):  # noqa: F821
            raise ValueError(said)
        arguments = json.loads(call["function"]["arguments"])  # noqa: F821
        result = tools[call["function"]["name"]]["call"](**arguments)
        content = result if isinstance(result, str) else json.dumps(result)  # noqa: F821
    except ValueError as error:
        content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

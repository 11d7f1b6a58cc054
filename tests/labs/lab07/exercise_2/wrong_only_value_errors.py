# cell: exercise_2_result
# says: stopped with ConnectionError (no connection)
# fails: exercise_2_result_test
# hidden: exercise_2_result_test
def result_message(call, functions):
    try:
        if said := refusal(call, functions):  # noqa: F821
            raise ValueError(said)
        result = functions[call["function"]["name"]](**json.loads(call["function"]["arguments"]))  # noqa: F821
        content = result if isinstance(result, str) else json.dumps(result)  # noqa: F821
    except ValueError as error:
        content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

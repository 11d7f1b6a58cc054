# cell: exercise_2_result
# says: the error is "'delete_all'"; 'get_weather' must be in it
# fails: exercise_2_result_test
# hidden: exercise_2_result_test
def result_message(call, tools):
    name, text = call["function"]["name"], call["function"]["arguments"]
    try:
        wanted = tools[name]
        if said := refusal(call, tools):  # noqa: F821
            raise ValueError(said)
        result = wanted["call"](**json.loads(text))  # noqa: F821
        content = result if isinstance(result, str) else json.dumps(result)  # noqa: F821
    except Exception as error:
        content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

# cell: exercise_2_result
def result_message(call, tools):
    found = {"role": "tool", "tool_call_id": call["id"]}
    if said := refusal(call, tools):  # noqa: F821
        return {**found, "content": json.dumps({"error": said})}  # noqa: F821
    arguments = json.loads(call["function"]["arguments"])  # noqa: F821
    try:
        result = tools[call["function"]["name"]]["call"](**arguments)
    except Exception as error:
        return {**found, "content": json.dumps({"error": f"{type(error).__name__}: {error}"})}  # noqa: F821
    if not isinstance(result, str):
        result = json.dumps(result, ensure_ascii=False)  # noqa: F821
    return {**found, "content": result}

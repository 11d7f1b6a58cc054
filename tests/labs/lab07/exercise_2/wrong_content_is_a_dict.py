# cell: exercise_2_result
# says: the content is dict: it is always text
# fails: exercise_2_result_test
def result_message(call, tools):
    if said := refusal(call, tools):  # noqa: F821
        content = json.dumps({"error": said})  # noqa: F821
    else:
        try:
            arguments = json.loads(call["function"]["arguments"])  # noqa: F821
            content = tools[call["function"]["name"]]["call"](**arguments)
        except Exception as error:
            content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

# cell: exercise_2_result
# says: once is enough
# fails: exercise_2_result_test
def result_message(call, tools):
    name, text = call["function"]["name"], call["function"]["arguments"]
    try:
        if said := refusal(call, tools):  # noqa: F821
            raise ValueError(said)
        content = json.dumps(tools[name]["call"](**json.loads(text)))  # noqa: F821
        if isinstance(tools[name]["call"](**json.loads(text)), str):  # noqa: F821
            content = json.loads(content)  # noqa: F821
    except Exception as error:
        content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

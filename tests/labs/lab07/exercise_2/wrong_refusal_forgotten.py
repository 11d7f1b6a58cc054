# cell: exercise_2_result
# says: and yet the function ran: check first
# fails: exercise_2_result_test
# hidden: exercise_2_result_test
def result_message(call, tools):
    name, text = call["function"]["name"], call["function"]["arguments"]
    try:
        result = tools[name]["call"](**json.loads(text))  # noqa: F821
        if said := refusal(call, tools):  # noqa: F821
            raise ValueError(said)
        content = result if isinstance(result, str) else json.dumps(result)  # noqa: F821
    except KeyError:
        content = json.dumps({"error": refusal(call, tools)})  # noqa: F821
    except Exception as error:
        content = json.dumps({"error": str(error)})  # noqa: F821
    return {"role": "tool", "tool_call_id": call["id"], "content": content}

# cell: exercise_2_result
# says: the error is 'something went wrong'; 'at most 8' must be in it
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    found = quiet_message(call, tools)
    if "error" in found["content"]:
        found["content"] = json.dumps({"error": "something went wrong"})  # noqa: F821
    return found

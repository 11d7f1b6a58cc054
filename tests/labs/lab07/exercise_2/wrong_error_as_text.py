# cell: exercise_2_result
# says: is not JSON
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    found = quiet_message(call, tools)
    if "error" in found["content"]:
        found["content"] = "error: " + json.loads(found["content"])["error"]  # noqa: F821
    return found

# cell: exercise_2_result
# says: give a dict with role, tool_call_id and content
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    found = quiet_message(call, tools)
    found.pop("tool_call_id")
    return found

# cell: exercise_2_result
# says: tool_call_id is 'call_1', and the call's is call_8f91
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    return quiet_message(call, tools) | {"tool_call_id": "call_1"}

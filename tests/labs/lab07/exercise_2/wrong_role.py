# cell: exercise_2_result
# says: the role is 'function'
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    return quiet_message(call, tools) | {"role": "function"}

# cell: exercise_2_refusal
# says: the model cannot repair that; 'get_weather' must be in it
# fails: exercise_2_refusal_test exercise_2_result_test
# hidden: exercise_2_result_test
quiet_refusal = refusal  # noqa: F821


def refusal(call, tools):
    if call["function"]["name"] not in tools:
        return "There is no such function."
    return quiet_refusal(call, tools)

# cell: exercise_2_refusal
# says: stopped with JSONDecodeError
# fails: exercise_2_refusal_test
quiet_refusal = refusal  # noqa: F821


def refusal(call, tools):
    json.loads(call["function"]["arguments"])  # noqa: F821
    return quiet_refusal(call, tools)

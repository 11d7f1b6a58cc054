# cell: exercise_2_refusal
# says: gave None (is a `return` missing?): give a text
# fails: exercise_2_refusal_test
quiet_refusal = refusal  # noqa: F821


def refusal(call, tools):
    return quiet_refusal(call, tools) or None

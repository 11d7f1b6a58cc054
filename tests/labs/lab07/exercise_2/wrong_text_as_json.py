# cell: exercise_2_result
# says: Text stays as it is
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    found = quiet_message(call, tools)
    if not found["content"].startswith("{"):
        found["content"] = json.dumps(found["content"])  # noqa: F821
    return found

# cell: exercise_2_result
# says: and JSON of {'day': 'Friday', 'people': 4} is right
# fails: exercise_2_result_test
quiet_message = result_message  # noqa: F821


def result_message(call, tools):
    found = quiet_message(call, tools)
    if "error" not in found["content"] and found["content"].startswith("{"):
        found["content"] = '{"result": ' + found["content"] + "}"
    return found

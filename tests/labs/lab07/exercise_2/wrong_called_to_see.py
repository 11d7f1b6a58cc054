# cell: exercise_2_refusal
# says: refusal() called get_weather
# fails: exercise_2_refusal_test exercise_2_result_test
# hidden: exercise_2_refusal_test
quiet_refusal = refusal  # noqa: F821


def refusal(call, tools):
    found = quiet_refusal(call, tools)
    if not found:
        try:
            tools[call["function"]["name"]]["call"](**json.loads(call["function"]["arguments"]))  # noqa: F821
        except Exception as error:
            return str(error)
    return found

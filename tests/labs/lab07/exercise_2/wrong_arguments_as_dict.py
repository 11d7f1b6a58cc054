# cell: exercise_2_refusal
# says: stopped with
# fails: exercise_2_refusal_test exercise_2_result_test
def refusal(call, tools):
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    if name not in tools:
        return f"There is no function {name}: choose one of {', '.join(tools)}."
    known = tools[name]["parameters"]["properties"]
    wrong = [key for key, value in arguments.items() if key not in known]
    return f"There is no {wrong}" if wrong else ""

# cell: exercise_2_refusal
# says: stopped with
# fails: exercise_2_refusal_test exercise_2_result_test
def refusal(call, functions):
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    if name not in functions:
        return f"There is no function {name}: choose one of {', '.join(functions)}."
    known = parameters(functions[name])["properties"]  # noqa: F821
    wrong = [key for key, value in arguments.items() if key not in known]
    return f"There is no {wrong}" if wrong else ""

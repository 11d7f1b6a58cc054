# cell: exercise_2_refusal
# says: 'day' must be in it
# fails: exercise_2_refusal_test
def refusal(call, functions):
    name, text = call["function"]["name"], call["function"]["arguments"]
    if name not in functions:
        return f"There is no function {name}: choose one of {', '.join(functions)}."
    try:
        arguments = json.loads(text)  # noqa: F821
    except ValueError:
        return "The arguments are not JSON."
    errors = Draft202012Validator(parameters(functions[name])).iter_errors(arguments)  # noqa: F821
    return "; ".join(error.message for error in errors)

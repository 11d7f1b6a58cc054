# cell: exercise_2_refusal
# says: 'day' must be in it
# fails: exercise_2_refusal_test
def refusal(call, tools):
    name, text = call["function"]["name"], call["function"]["arguments"]
    if name not in tools:
        return f"There is no function {name}: choose one of {', '.join(tools)}."
    try:
        arguments = json.loads(text)  # noqa: F821
    except ValueError:
        return "The arguments are not JSON."
    errors = Draft202012Validator(tools[name]["parameters"]).iter_errors(arguments)  # noqa: F821
    return "; ".join(error.message for error in errors)

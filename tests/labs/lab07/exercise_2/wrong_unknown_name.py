# cell: exercise_2_refusal
# says: stopped with KeyError ('translate_word')
# fails: exercise_2_refusal_test exercise_2_result_test
# hidden: exercise_2_result_test
def refusal(call, tools):
    wanted = tools[call["function"]["name"]]
    try:
        arguments = json.loads(call["function"]["arguments"])  # noqa: F821
    except ValueError:
        return "The arguments are not a JSON object."
    errors = Draft202012Validator(wanted["parameters"]).iter_errors(arguments)  # noqa: F821
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors)

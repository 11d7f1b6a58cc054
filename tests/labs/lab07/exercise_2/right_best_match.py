# cell: exercise_2_refusal
import jsonschema


def refusal(call, functions):
    wanted = functions.get(call["function"]["name"])
    if wanted is None:
        return "unknown function; known: " + " ".join(sorted(functions))
    try:
        arguments = json.loads(call["function"]["arguments"])  # noqa: F821
        jsonschema.validate(arguments, parameters(wanted))  # noqa: F821
    except json.JSONDecodeError:  # noqa: F821
        return "arguments: this is not JSON"
    except jsonschema.ValidationError as error:
        return f"{'/'.join(map(str, error.path))} {error.message} ({error.validator})"
    return ""

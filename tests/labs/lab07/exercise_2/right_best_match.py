# cell: exercise_2_refusal
import jsonschema


def refusal(call, tools):
    wanted = tools.get(call["function"]["name"])
    if wanted is None:
        return "unknown function; known: " + " ".join(sorted(tools))
    try:
        arguments = json.loads(call["function"]["arguments"])  # noqa: F821
        jsonschema.validate(arguments, wanted["parameters"])
    except json.JSONDecodeError:  # noqa: F821
        return "arguments: this is not JSON"
    except jsonschema.ValidationError as error:
        return f"{'/'.join(map(str, error.path))} {error.message} ({error.validator})"
    return ""

# cell: exercise_1_parameters
def parameters(function):
    lines = (inspect.getdoc(function) or "").splitlines()  # noqa: F821
    lines = dict(line.split(": ", 1) for line in lines if ": " in line)
    hints = typing.get_type_hints(function)  # noqa: F821
    found = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    for name, parameter in inspect.signature(function).parameters.items():  # noqa: F821
        if name not in hints:
            raise ValueError(f"{name} needs a type")
        more = {"description": lines[name]} if name in lines else {}
        found["properties"][name] = {**json_type(hints[name]), **more}  # noqa: F821
        if parameter.default is inspect.Parameter.empty:  # noqa: F821
            found["required"].append(name)
    return found

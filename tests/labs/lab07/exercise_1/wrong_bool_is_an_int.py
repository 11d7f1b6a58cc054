# cell: exercise_1_type
# says: A bool is no number
# fails: exercise_1_type_test exercise_1_parameters_test
def json_type(hint):
    kind, inside = typing.get_origin(hint), typing.get_args(hint)  # noqa: F821
    if kind is list:
        return {"type": "array", "items": json_type(inside[0])}
    if kind is Literal:  # noqa: F821
        return {"type": "string", "enum": list(inside)}
    for known, name in ((str, "string"), (int, "integer"), (float, "number"), (bool, "boolean")):
        if issubclass(hint, known):
            return {"type": name}
    raise ValueError(f"{hint} cannot be a parameter.")

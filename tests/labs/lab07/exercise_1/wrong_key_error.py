# cell: exercise_1_type
# says: the function stopped with KeyError
# fails: exercise_1_type_test
def json_type(hint):
    kind, inside = typing.get_origin(hint), typing.get_args(hint)  # noqa: F821
    if kind is list:
        return {"type": "array", "items": json_type(inside[0])}
    if kind is Literal:  # noqa: F821
        return {"type": "string", "enum": list(inside)}
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean"}[hint]}

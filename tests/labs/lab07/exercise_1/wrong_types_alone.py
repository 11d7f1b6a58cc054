# cell: exercise_1_parameters
# says: That is json_type of its hint
# fails: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    found["properties"] = {name: p["type"] for name, p in found["properties"].items()}
    return found

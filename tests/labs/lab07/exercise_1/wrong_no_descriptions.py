# cell: exercise_1_parameters
# says: Its description is missing
# fails: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    for schema in found["properties"].values():
        schema.pop("description", None)
    return found

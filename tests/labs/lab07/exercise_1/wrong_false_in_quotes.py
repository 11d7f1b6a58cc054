# cell: exercise_1_parameters
# says: without quotes
# fails: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    return quiet_parameters(function) | {"additionalProperties": "False"}

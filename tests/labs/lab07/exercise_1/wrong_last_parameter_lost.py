# cell: exercise_1_parameters
# says: with a schema each
# fails: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    found["properties"] = dict(list(found["properties"].items())[:-1])
    return found

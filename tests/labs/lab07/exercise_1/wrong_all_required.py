# cell: exercise_1_parameters
# says: outside has a default
# fails: exercise_1_parameters_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    return found | {"required": list(found["properties"])}

# cell: exercise_1_parameters
# says: Those without a default, in order
# fails: exercise_1_parameters_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    return found | {"required": found["required"][::-1]}

# cell: exercise_1_parameters
# says: IndexError
# fails: exercise_1_parameters_test exercise_1_declare_test
# hidden: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    return found | {"required": [found["required"][0], *found["required"][1:]]}

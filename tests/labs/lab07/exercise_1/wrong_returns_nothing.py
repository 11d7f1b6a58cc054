# cell: exercise_1_parameters
# says: parameters(get_weather) gave None
# fails: exercise_1_parameters_test exercise_1_declare_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    print(json.dumps(quiet_parameters(function)))  # noqa: F821

# cell: exercise_1_parameters
# says: outside has a default
# fails: exercise_1_parameters_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    known = inspect.signature(function).parameters  # noqa: F821
    required = [n for n, p in known.items() if p.default is p.empty or not p.default]
    return quiet_parameters(function) | {"required": required}

# cell: exercise_1_parameters
# says: That description belongs elsewhere
# fails: exercise_1_parameters_test
# hidden: exercise_1_parameters_test
quiet_parameters = parameters  # noqa: F821


def parameters(function):
    found = quiet_parameters(function)
    for name, schema in found["properties"].items():
        if said := re.search(rf"{name}: (.+)", inspect.getdoc(function)):  # noqa: F821
            schema["description"] = said[1]
    return found

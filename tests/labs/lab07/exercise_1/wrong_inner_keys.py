# cell: exercise_1_declare
# says: must be a dict with name, description and parameters
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    found = quiet_declare(function)
    found["function"]["arguments"] = found["function"].pop("parameters")
    return found

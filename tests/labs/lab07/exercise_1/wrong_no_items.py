# cell: exercise_1_type
# says: What the list holds is missing
# fails: exercise_1_type_test exercise_1_parameters_test
# hidden: exercise_1_parameters_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    found = quiet_type(hint)
    found.pop("items", None)
    return found

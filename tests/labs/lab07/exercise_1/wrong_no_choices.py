# cell: exercise_1_type
# says: The choices are missing
# fails: exercise_1_type_test exercise_1_parameters_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    found = quiet_type(hint)
    found.pop("enum", None)
    return found

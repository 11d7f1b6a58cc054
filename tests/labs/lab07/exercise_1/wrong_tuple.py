# cell: exercise_1_type
# says: JSON has no tuples
# fails: exercise_1_type_test exercise_1_parameters_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    found = quiet_type(hint)
    return found | {"enum": tuple(found["enum"])} if "enum" in found else found

# cell: exercise_1_type
# says: gave the text 'number'
# fails: exercise_1_type_test exercise_1_parameters_test exercise_1_declare_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    return quiet_type(hint)["type"]

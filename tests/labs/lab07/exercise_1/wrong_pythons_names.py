# cell: exercise_1_type
# says: JSON Schema has its own
# fails: exercise_1_type_test exercise_1_parameters_test exercise_1_declare_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    return {"type": hint.__name__} if hint in (str, int, float, bool) else quiet_type(hint)

# cell: exercise_1_type
# says: Every number may come for a float
# fails: exercise_1_type_test
quiet_type = json_type  # noqa: F821


def json_type(hint):
    return {"type": "integer"} if hint is float else quiet_type(hint)

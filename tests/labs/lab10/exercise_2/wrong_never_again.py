# cell: exercise_2_locked
# says: a server that dies comes back
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    return found | {"restart": "no"}

# cell: exercise_2_locked
# says: add -f
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    found["healthcheck"]["test"].remove("-f")
    return found

# cell: exercise_2_locked
# says: a start_period of 30s at least
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    found["healthcheck"]["start_period"] = "5s"
    return found

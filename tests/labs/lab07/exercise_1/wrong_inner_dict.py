# cell: exercise_1_declare
# says: is the inner dict alone
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    return quiet_declare(function)["function"]

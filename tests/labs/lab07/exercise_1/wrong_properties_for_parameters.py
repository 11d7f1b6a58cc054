# cell: exercise_1_declare
# says: the parameters are those of 1b
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    found = quiet_declare(function)
    found["function"]["parameters"] = found["function"]["parameters"]["properties"]
    return found

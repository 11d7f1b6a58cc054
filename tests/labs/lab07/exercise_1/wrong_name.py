# cell: exercise_1_declare
# says: the name is 'Get_Weather'
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    found = quiet_declare(function)
    found["function"]["name"] = found["function"]["name"].title()
    return found

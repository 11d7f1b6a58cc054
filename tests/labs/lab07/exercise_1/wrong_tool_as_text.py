# cell: exercise_1_declare
# says: declare(get_weather) gave str
# fails: exercise_1_declare_test
quiet_declare = declare  # noqa: F821


def declare(function):
    return json.dumps(quiet_declare(function))  # noqa: F821

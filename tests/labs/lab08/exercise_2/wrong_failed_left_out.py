# cell: exercise_2_read
# says: records and
# fails: exercise_2_read_test
quiet_read_records = read_records  # noqa: F821


def read_records(path):
    return [row for row in quiet_read_records(path) if row["status"] == "ok"][:-1]

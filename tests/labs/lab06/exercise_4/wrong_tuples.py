# cell: exercise_4_report
# says: give a dict with the keys
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    return {name: tuple(line.values()) for name, line in quiet_report(records).items()}

# cell: exercise_4_report
# says: report gave list
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    return list(quiet_report(records).values())

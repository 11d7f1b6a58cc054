# cell: exercise_4_report
# says: ['weak'] is False. Its interval ends at
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    found = quiet_report(records)
    for line in found.values():
        line["weak"] = line["high"] < 0.3
    return found

# cell: exercise_4_report
# says: give True or False
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    found = quiet_report(records)
    for line in found.values():
        line["weak"] = "yes" if line["weak"] else ""
    return found

# cell: exercise_4_report
# says: A share below that is not enough
# fails: exercise_4_report_test
# hidden: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    found = quiet_report(records)
    for line in found.values():
        line["weak"] = line["share"] < found["all"]["share"]
    return found

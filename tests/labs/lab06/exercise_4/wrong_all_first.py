# cell: exercise_4_report
# says: the families as they first come, then all
# fails: exercise_4_report_test
quiet_report = report  # noqa: F821


def report(records):
    found = quiet_report(records)
    return {"all": found.pop("all"), **found}

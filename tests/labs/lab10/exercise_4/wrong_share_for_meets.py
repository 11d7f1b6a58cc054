# cell: exercise_4_report
# says: does not keep to load.schema.json
# fails: exercise_4_report_test
quiet_load_report = load_report  # noqa: F821


def load_report(records, scenario):
    found = quiet_load_report(records, scenario)
    return found | {"meets": found["good_share"]}

# cell: exercise_4_report
# says: are wanted
# fails: exercise_4_report_test
quiet_load_report = load_report  # noqa: F821


def load_report(records, scenario):
    found = quiet_load_report(records, scenario)
    return found | {"meets": (found["ttft_p95_ms"] or 0) <= 1000}

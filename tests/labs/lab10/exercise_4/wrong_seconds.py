# cell: exercise_4_report
# says: give milliseconds
# fails: exercise_4_report_test
quiet_load_report = load_report  # noqa: F821


def load_report(records, scenario):
    found = quiet_load_report(records, scenario)
    return found | {"ttft_p95_ms": found["ttft_p95_ms"] and found["ttft_p95_ms"] / 1000}

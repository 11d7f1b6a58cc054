# cell: exercise_4_report
# says: answers that broke off
# fails: exercise_4_report_test
# hidden: exercise_4_report_test
quiet_load_report = load_report  # noqa: F821


def load_report(records, scenario):
    found = quiet_load_report(records, scenario)
    tokens = sum(r["output_tokens"] or 0 for r in records)
    return found | {"tokens_per_second": tokens / found["seconds"]}

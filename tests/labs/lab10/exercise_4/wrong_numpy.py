# cell: exercise_4_report
# says: The report is no JSON
# fails: exercise_4_report_test
quiet_load_report = load_report  # noqa: F821


def load_report(records, scenario):
    found = quiet_load_report(records, scenario)
    import numpy as np

    return found | {"requests": np.int64(found["requests"])}

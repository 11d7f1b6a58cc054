# cell: exercise_3_report
# says: That is the normal approximation
# fails: exercise_3_report_test
quiet_evaluation_report = evaluation_report  # noqa: F821


def evaluation_report(run, answers, required):
    found = quiet_evaluation_report(run, answers, required)
    share, n = found["accuracy"], found["questions"]
    half = 1.96 * (share * (1 - share) / n) ** 0.5
    return found | {"interval": [share - half, share + half]}

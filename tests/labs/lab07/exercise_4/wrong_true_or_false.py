# cell: exercise_4_judge
# says: judge gave bool: give one of right, needless
# fails: exercise_4_judge_test
quiet_judge = judge  # noqa: F821


def judge(calls, expected):
    return quiet_judge(calls, expected) == "right"

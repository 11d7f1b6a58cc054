# cell: exercise_4_judge
# says: 5 and 5.0 are one number
# fails: exercise_4_judge_test
quiet_judge = judge  # noqa: F821


def judge(calls, expected):
    found = quiet_judge(calls, expected)
    plain = [sorted(json.dumps(c, sort_keys=True) for c in side) for side in (calls, expected)]  # noqa: F821
    return "value" if found == "right" and plain[0] != plain[1] else found

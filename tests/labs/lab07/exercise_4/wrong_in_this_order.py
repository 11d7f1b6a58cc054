# cell: exercise_4_judge
# says: the order of the calls does not matter
# fails: exercise_4_judge_test
def judge(calls, expected):
    if calls == expected:
        return "right"
    if not calls or not expected:
        return "needless" if calls else "missing"
    names = sorted(c["name"] for c in calls), sorted(c["name"] for c in expected)
    return "value" if names[0] == names[1] else "name"

# cell: exercise_4_judge
# says: In JSON true is not 1
# fails: exercise_4_judge_test
# hidden: exercise_4_judge_test
def judge(calls, expected):
    if not calls or not expected:
        return "right" if calls == expected else "needless" if calls else "missing"
    if sorted(c["name"] for c in calls) != sorted(c["name"] for c in expected):
        return "name"
    left = list(expected)
    for call in calls:
        if call not in left:
            return "value"
        left.remove(call)
    return "right"

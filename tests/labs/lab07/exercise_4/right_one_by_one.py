# cell: exercise_4_judge
from collections import Counter


def key(value):
    if isinstance(value, dict):
        return {name: key(item) for name, item in value.items()}
    return (isinstance(value, bool), value)


def judge(calls, expected):
    if calls and not expected:
        return "needless"
    if expected and not calls:
        return "missing"
    if Counter(c["name"] for c in calls) != Counter(c["name"] for c in expected):
        return "name"
    left = [(c["name"], key(c["arguments"])) for c in expected]
    for call in calls:
        one = (call["name"], key(call["arguments"]))
        if one not in left:
            return "value"
        left.remove(one)
    return "right"

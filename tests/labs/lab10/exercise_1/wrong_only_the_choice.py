# cell: exercise_1_decide
# says: give a dict with choice and rejected
# fails: exercise_1_decide_test
quiet_decide = decide  # noqa: F821


def decide(scenario, machines, candidates):
    found = quiet_decide(scenario, machines, candidates)
    return found["choice"]

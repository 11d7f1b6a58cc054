# cell: exercise_1_decide
# says: write MACHINE, ARTIFACT
# fails: exercise_1_decide_test
quiet_decide = decide  # noqa: F821


def decide(scenario, machines, candidates):
    found = quiet_decide(scenario, machines, candidates)
    return found | {"rejected": {n.split(", ")[1]: r for n, r in found["rejected"].items()}}

# cell: exercise_1_quality
# says: They are turned around
# fails: exercise_1_quality_test
def quality(verdicts, labels):
    if len(verdicts) != len(labels) or not any(verdicts) or not any(labels):
        raise ValueError("There is nothing to take a share of.")
    both = sum(a and b for a, b in zip(verdicts, labels, strict=True))
    return both / sum(labels), both / sum(verdicts)

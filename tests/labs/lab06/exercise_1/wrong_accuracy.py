# cell: exercise_1_quality
# says: on which both agree
# fails: exercise_1_quality_test
def quality(verdicts, labels):
    if len(verdicts) != len(labels) or not any(verdicts) or not any(labels):
        raise ValueError("There is nothing to take a share of.")
    both = [a == b for a, b in zip(verdicts, labels, strict=True)]
    return sum(both) / len(both), sum(labels) / len(labels)

# cell: exercise_1_quality
# says: the ValueError says nothing
# fails: exercise_1_quality_test
def quality(verdicts, labels):
    if len(verdicts) != len(labels) or not any(verdicts) or not any(labels):
        raise ValueError
    both = sum(a and b for a, b in zip(verdicts, labels, strict=True))
    return both / sum(verdicts), both / sum(labels)

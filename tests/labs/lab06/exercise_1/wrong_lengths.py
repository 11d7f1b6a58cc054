# cell: exercise_1_quality
# says: There is a verdict more than labels, and the function gave
# fails: exercise_1_quality_test
# hidden: exercise_1_quality_test
def quality(verdicts, labels):
    if not any(verdicts) or not any(labels):
        raise ValueError("There is nothing to take a share of.")
    both = sum(a and b for a, b in zip(verdicts, labels, strict=False))
    return both / sum(verdicts), both / sum(labels)

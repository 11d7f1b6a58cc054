# cell: exercise_1_quality
# says: No answer is right, and the function gave
# fails: exercise_1_quality_test
# hidden: exercise_1_quality_test
def quality(verdicts, labels):
    if len(verdicts) != len(labels) or not any(verdicts):
        raise ValueError("There is nothing to take a share of.")
    both = sum(a and b for a, b in zip(verdicts, labels, strict=True))
    return both / sum(verdicts), both / max(1, sum(labels))

# cell: exercise_1_quality
# says: That is percent
# fails: exercise_1_quality_test
def quality(verdicts, labels):
    if len(verdicts) != len(labels) or not any(verdicts) or not any(labels):
        raise ValueError("There is nothing to take a share of.")
    both = sum(a and b for a, b in zip(verdicts, labels, strict=True))
    return 100 * both / sum(verdicts), 100 * both / sum(labels)

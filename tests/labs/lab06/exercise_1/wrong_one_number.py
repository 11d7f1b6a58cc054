# cell: exercise_1_quality
# says: quality gave float
# fails: exercise_1_quality_test
def quality(verdicts, labels):
    both = sum(a and b for a, b in zip(verdicts, labels, strict=True))
    return both / sum(verdicts)

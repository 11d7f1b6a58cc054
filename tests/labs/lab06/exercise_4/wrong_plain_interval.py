# cell: exercise_4_wilson
# says: That is the plain interval around the share
# fails: exercise_4_wilson_test exercise_4_report_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    share = right / total
    half = 1.96 * math.sqrt(share * (1 - share) / total)  # noqa: F821
    return max(0.0, share - half), min(1.0, share + half)

# cell: exercise_4_wilson
# says: wilson(40, 50) gave
# fails: exercise_4_wilson_test exercise_4_report_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    s, z, n = right / total, 1.96, 12
    middle = (s + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(s * (1 - s) / n + z**2 / (4 * n**2))  # noqa: F821
    return max(0.0, middle - half), min(1.0, middle + half)

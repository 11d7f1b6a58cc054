# cell: exercise_4_wilson
# says: compare the brackets with the formula
# fails: exercise_4_wilson_test exercise_4_report_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    s, z = right / total, 1.96
    middle = (s + z**2 / 2 * total) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(s * (1 - s) / total + z**2 / (4 * total**2))  # noqa: F821
    return min(1.0, max(0.0, middle - half)), min(1.0, middle + half)

# cell: exercise_4_wilson
# says: is n below the line under the root
# fails: exercise_4_wilson_test exercise_4_report_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    s, z = right / total, 1.96
    middle = (s + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(s * (1 - s) + z**2 / (4 * total**2))  # noqa: F821
    return max(0.0, middle - half), min(1.0, middle + half)

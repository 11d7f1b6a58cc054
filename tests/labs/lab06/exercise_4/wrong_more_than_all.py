# cell: exercise_4_wilson
# says: 13 of 12 is not a share, and Python's own ValueError came
# fails: exercise_4_wilson_test
# hidden: exercise_4_wilson_test
def wilson(right, total):
    if total < 1 or right < 0:
        raise ValueError("This is no share.")
    s, z = right / total, 1.96
    middle = (s + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(s * (1 - s) / total + z**2 / (4 * total**2))  # noqa: F821
    return max(0.0, middle - half), min(1.0, middle + half)

# cell: exercise_4_wilson
# says: cut it off at 0 and 1
# fails: exercise_4_wilson_test
# hidden: exercise_4_wilson_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    s, z = right / total, 1.96
    below = 1 + z**2 / total
    middle = (s + z**2 / (2 * total)) / below
    half = z / below * math.sqrt(s * (1 - s) / total + z**2 / (4 * total**2))  # noqa: F821
    return max(0.0, middle - half), middle + half

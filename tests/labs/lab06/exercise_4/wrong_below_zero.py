# cell: exercise_4_wilson
# says: wilson(0, 10) gave -
# fails: exercise_4_wilson_test
# hidden: exercise_4_wilson_test
def wilson(right, total):
    if total < 1 or not 0 <= right <= total:
        raise ValueError("This is no share.")
    s, z = right / total, 1.96
    middle = (s + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(s * (1 - s) / total + z**2 / (4 * total**2))  # noqa: F821
    return middle - half, middle + half

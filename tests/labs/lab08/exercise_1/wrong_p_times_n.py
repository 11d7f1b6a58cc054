# cell: exercise_1_percentile
# says: the position is p x (n - 1)
# fails: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    ordered = sorted(values)
    position = min(p * len(ordered), len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])

# cell: exercise_1_percentile
# says: a share from 0 to 1 here
# fails: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    ordered = sorted(values)
    position = p / 100 * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])

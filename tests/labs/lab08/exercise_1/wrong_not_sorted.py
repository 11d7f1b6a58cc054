# cell: exercise_1_percentile
# says: The values are not in order
# fails: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    position = p * (len(values) - 1)
    low = math.floor(position)  # noqa: F821
    high = min(low + 1, len(values) - 1)
    return values[low] + (position - low) * (values[high] - values[low])

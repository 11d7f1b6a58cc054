# cell: exercise_1_percentile
# says: there is no next one to go to
# fails: exercise_1_percentile_test
# hidden: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    ordered = sorted(values)
    low = math.floor(p * (len(ordered) - 1))  # noqa: F821
    rest = p * (len(ordered) - 1) - low
    return ordered[low] + rest * (ordered[low + 1] - ordered[low])

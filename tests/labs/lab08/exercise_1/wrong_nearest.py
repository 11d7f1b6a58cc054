# cell: exercise_1_percentile
# says: You took the nearest value
# fails: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    return sorted(values)[round(p * (len(values) - 1))]

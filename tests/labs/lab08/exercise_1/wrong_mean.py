# cell: exercise_1_percentile
# says: That is the mean
# fails: exercise_1_percentile_test
def percentile(values, p):
    if not values:
        raise ValueError("nothing")
    return sum(values) / len(values)

# cell: exercise_1_precision
# says: You left out the scales
# fails: exercise_1_precision_test exercise_1_model_test
def precision_bytes(count, precision):
    return math.ceil(count * precision.bits / 8)  # noqa: F821

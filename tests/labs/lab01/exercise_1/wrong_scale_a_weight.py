# cell: exercise_1_precision
# says: You gave every weight a scale
# fails: exercise_1_precision_test exercise_1_model_test
def precision_bytes(count, precision):
    more = precision.scale_bits if precision.block else 0
    return math.ceil(count * (precision.bits + more) / 8)  # noqa: F821

# cell: exercise_1_precision
# says: gave the float
# fails: exercise_1_precision_test exercise_1_model_test
def precision_bytes(count, precision):
    scales = math.ceil(count / precision.block) if precision.block else 0  # noqa: F821
    return (count * precision.bits + scales * precision.scale_bits) / 8

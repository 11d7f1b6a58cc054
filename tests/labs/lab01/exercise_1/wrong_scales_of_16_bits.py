# cell: exercise_1_precision
# says: A scale has 32 bits here, not 16
# fails: exercise_1_precision_test exercise_1_model_test
def precision_bytes(count, precision):
    scales = math.ceil(count / precision.block) if precision.block else 0  # noqa: F821
    return math.ceil((count * precision.bits + scales * 16) / 8)  # noqa: F821

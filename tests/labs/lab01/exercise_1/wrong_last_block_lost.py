# cell: exercise_1_precision
# says: round the number of blocks up
# fails: exercise_1_precision_test
# hidden: exercise_1_precision_test
def precision_bytes(count, precision):
    scales = count // precision.block if precision.block else 0
    return math.ceil((count * precision.bits + scales * precision.scale_bits) / 8)  # noqa: F821

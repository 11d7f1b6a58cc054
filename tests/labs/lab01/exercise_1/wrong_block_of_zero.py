# cell: exercise_1_precision
# says: where `block` is 0 there are no scales
# fails: exercise_1_precision_test exercise_1_model_test
# then: ZeroDivisionError
def precision_bytes(count, precision):
    scales = math.ceil(count / precision.block)  # noqa: F821
    return math.ceil((count * precision.bits + scales * precision.scale_bits) / 8)  # noqa: F821

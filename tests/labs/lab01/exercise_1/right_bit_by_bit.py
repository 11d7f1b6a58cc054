# cell: exercise_1_precision
def precision_bytes(count, precision):
    bits = count * precision.bits
    if precision.block > 0:
        whole, rest = divmod(count, precision.block)
        bits += (whole + (rest > 0)) * precision.scale_bits
    return -(-bits // 8)

# cell: exercise_2_dequantize
# says: bring the integers into blocks first
# fails: exercise_2_dequantize_test
def dequantize(integers, scales):
    return integers * scales

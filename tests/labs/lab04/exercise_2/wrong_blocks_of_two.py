# cell: exercise_2_dequantize
# says: could not multiply
# fails: exercise_2_dequantize_test
# hidden: exercise_2_dequantize_test
import numpy as np


def dequantize(integers, scales):
    return integers * np.repeat(scales, 2, axis=1)

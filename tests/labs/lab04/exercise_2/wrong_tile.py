# cell: exercise_2_dequantize
# says: np.repeat
# fails: exercise_2_dequantize_test
import numpy as np


def dequantize(integers, scales):
    return integers * np.tile(scales, (1, integers.shape[1] // scales.shape[1]))

# cell: exercise_2_quantize
# says: one scale for the whole row
# fails: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    top = 2 ** (bits - 1) - 1
    scales = (np.abs(weights).max(axis=1, keepdims=True) / top).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales

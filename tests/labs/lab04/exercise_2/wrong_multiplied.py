# cell: exercise_2_quantize
# says: multiplied by the scale
# fails: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    top = 2 ** (bits - 1) - 1
    blocks = weights.reshape(len(weights), -1, block_size)
    scales = (np.abs(blocks).max(axis=2) / top).astype(np.float32)
    integers = np.rint(blocks * scales[:, :, None]).astype(np.int8)
    return integers.reshape(weights.shape), scales

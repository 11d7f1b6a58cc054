# cell: exercise_2_quantize
# says: a block of zeros
# fails: exercise_2_quantize_test
# hidden: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    top = 2 ** (bits - 1) - 1
    blocks = weights.reshape(len(weights), -1, block_size)
    scales = (1 / (top / np.abs(blocks).max(axis=2))).astype(np.float32)
    scales[scales == 0] = np.nan
    integers = np.nan_to_num(np.rint(blocks / scales[:, :, None]))
    return integers.reshape(weights.shape).astype(np.int8), scales

# cell: exercise_2_quantize
# says: in the wrong order
# fails: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    top = 2 ** (bits - 1) - 1
    blocks = weights.reshape(len(weights), -1, block_size)
    scales = (np.abs(blocks).max(axis=2) / top).astype(np.float32)
    steps = np.where(scales == 0, 1, scales)
    integers = np.rint(blocks / steps[:, :, None]).astype(np.int8)
    return scales, integers.reshape(weights.shape)

# cell: exercise_2_quantize
# says: largest integer with 4 bits is 7
# fails: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    top = 2 ** (bits - 1) - 1
    blocks = weights.reshape(len(weights), -1, block_size)
    scales = (np.abs(blocks).max(axis=2) / (top + 1)).astype(np.float32)
    steps = np.where(scales > 0, scales, 1)[:, :, None]
    integers = np.clip(np.rint(blocks / steps), -top - 1, top)
    return integers.reshape(weights.shape).astype(np.int8), scales

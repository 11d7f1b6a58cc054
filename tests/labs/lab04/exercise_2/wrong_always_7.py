# cell: exercise_2_quantize
# says: largest absolute value divided by 127
# fails: exercise_2_quantize_test
# hidden: exercise_2_quantize_test
import numpy as np


def quantize_blocks(weights, bits, block_size):
    blocks = weights.reshape(len(weights), -1, block_size)
    scales = (np.abs(blocks).max(axis=2) / 7).astype(np.float32)
    steps = np.where(scales > 0, scales, 1)[:, :, None]
    return np.rint(blocks / steps).reshape(weights.shape).astype(np.int8), scales

# cell: exercise_2_quantize
import numpy as np


def quantize_blocks(weights, bits, block_size):
    rows, columns = weights.shape
    integers = np.zeros((rows, columns), dtype=np.int8)
    scales = np.ones((rows, columns // block_size), dtype=np.float32)
    for row in range(rows):
        for block in range(columns // block_size):
            part = slice(block * block_size, (block + 1) * block_size)
            largest = max(abs(float(weight)) for weight in weights[row, part])
            if largest == 0:
                continue
            scales[row, block] = largest / (2 ** (bits - 1) - 1)
            integers[row, part] = [round(float(w) / scales[row, block]) for w in weights[row, part]]
    return integers, scales

# cell: exercise_4_wilson
import numpy as np


def wilson(right, total):
    if total < 1 or right < 0 or right > total:
        raise ValueError("This is no share.")
    z, s = 1.96, np.float64(right) / total
    root = np.sqrt(s * (1 - s) / total + z * z / (4 * total * total))
    ends = (s + z * z / (2 * total) + z * np.array([-1, 1]) * root) / (1 + z * z / total)
    low, high = np.clip(ends, 0, 1)
    return low, high

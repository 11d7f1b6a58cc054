# cell: exercise_1_percentile
import numpy as np


def percentile(values, p):
    if len(values) == 0:
        raise ValueError("a percentile needs values")
    return np.quantile(np.array(values), p)

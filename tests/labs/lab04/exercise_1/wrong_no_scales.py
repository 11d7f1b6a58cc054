# cell: exercise_1_memory
# says: left out the scales
# fails: exercise_1_memory_test exercise_1_fit_test
# then: weight_bytes(config, 4, 32) gave
def weight_bytes(config, bits, block_size=0):
    return parameters(config) * bits // 8  # noqa: F821

# cell: exercise_1_memory
# says: ZeroDivisionError
# fails: exercise_1_memory_test exercise_1_fit_test
# hidden: exercise_1_fit_test
def weight_bytes(config, bits, block_size=0):
    count = parameters(config)  # noqa: F821
    return (count * bits + count // block_size * 16) // 8

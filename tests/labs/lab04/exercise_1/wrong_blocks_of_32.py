# cell: exercise_1_memory
# says: is right
# fails: exercise_1_memory_test
# hidden: exercise_1_memory_test
def weight_bytes(config, bits, block_size=0):
    count = parameters(config)  # noqa: F821
    return (count * bits + (count // 32 * 16 if block_size else 0)) // 8

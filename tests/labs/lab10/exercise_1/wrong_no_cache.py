# cell: exercise_1_sizes
# says: You left out the KV cache
# fails: exercise_1_sizes_test
def memory_gib(candidate, scenario):
    return candidate["weight_bytes"] / 2**30 + candidate["overhead_gib"]

# cell: exercise_1_sizes
# says: each has their own
# fails: exercise_1_sizes_test
def memory_gib(candidate, scenario):
    cache = scenario["tokens"] * candidate["kv_bytes"]
    return (candidate["weight_bytes"] + cache) / 2**30 + candidate["overhead_gib"]

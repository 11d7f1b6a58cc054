# cell: exercise_1_sizes
# says: A GiB is 2**30
# fails: exercise_1_sizes_test
def memory_gib(candidate, scenario):
    cache = scenario["users"] * scenario["tokens"] * candidate["kv_bytes"]
    return (candidate["weight_bytes"] + cache) / 1e9 + candidate["overhead_gib"]

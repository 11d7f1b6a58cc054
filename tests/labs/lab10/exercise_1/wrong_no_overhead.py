# cell: exercise_1_sizes
# says: what the runtime itself takes
# fails: exercise_1_sizes_test
def memory_gib(candidate, scenario):
    cache = scenario["users"] * scenario["tokens"] * candidate["kv_bytes"]
    return (candidate["weight_bytes"] + cache) / 2**30

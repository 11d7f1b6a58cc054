# cell: exercise_1_fit
# says: You took 4 bits for the cache, too
# fails: exercise_1_fit_test
def sequences_that_fit(config, gib, tokens, bits, block_size=0):
    room = int(gib * 2**30) - weight_bytes(config, bits, block_size)
    return max(0, room // kv_cache_bytes(config, tokens, 1, bits))

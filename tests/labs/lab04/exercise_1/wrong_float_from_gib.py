# cell: exercise_1_fit
# says: gave the float
# fails: exercise_1_fit_test
# hidden: exercise_1_fit_test
def sequences_that_fit(config, gib, tokens, bits, block_size=0):
    room = gib * 2**30 - weight_bytes(config, bits, block_size)  # noqa: F821
    return max(0, room // kv_cache_bytes(config, tokens, 1))  # noqa: F821

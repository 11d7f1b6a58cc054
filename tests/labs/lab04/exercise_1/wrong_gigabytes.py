# cell: exercise_1_fit
# says: A GiB is 2**30 bytes
# fails: exercise_1_fit_test
def sequences_that_fit(config, gib, tokens, bits, block_size=0):
    room = int(gib * 10**9) - weight_bytes(config, bits, block_size)  # noqa: F821
    return max(0, room // kv_cache_bytes(config, tokens, 1))  # noqa: F821

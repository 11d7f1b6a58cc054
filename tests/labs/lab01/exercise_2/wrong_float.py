# cell: exercise_2_blocks
# says: gave the float
# fails: exercise_2_blocks_test
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    room = gib * 2**30 * share - weights - overhead
    return max(0, room // (per_token * block))

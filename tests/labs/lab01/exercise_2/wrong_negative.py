# cell: exercise_2_blocks
# says: the answer is 0, not less
# fails: exercise_2_blocks_test
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    room = int(gib * 2**30 * share) - weights - overhead
    return room // (per_token * block)

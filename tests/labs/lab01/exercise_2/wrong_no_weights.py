# cell: exercise_2_blocks
# says: You left out the weights
# fails: exercise_2_blocks_test
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    room = int(gib * 2**30 * share) - overhead
    return max(0, room // (per_token * block))

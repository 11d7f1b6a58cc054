# cell: exercise_2_blocks
# says: It is a share of all memory
# fails: exercise_2_blocks_test
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    room = int((gib * 2**30 - weights - overhead) * share)
    return max(0, room // (per_token * block))

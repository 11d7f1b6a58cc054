# cell: exercise_2_blocks
# says: A part of a block is none
# fails: exercise_2_blocks_test
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    room = int(gib * 2**30 * share) - weights - overhead
    return max(0, math.ceil(room / (per_token * block)))  # noqa: F821

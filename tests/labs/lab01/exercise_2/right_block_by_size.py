# cell: exercise_2_blocks
def cache_blocks(gib, share, weights, overhead, per_token, block=16):
    left = gib * 1024**3 * share - (weights + overhead)
    if left < 0:
        return 0
    return int(left / per_token / block)

# cell: exercise_3_prefill
# says: You left out the cache
# fails: exercise_3_prefill_test
def turning_batch(machine, read, cache, operations):
    return math.ceil(read / machine.bandwidth * machine.compute / operations)  # noqa: F821

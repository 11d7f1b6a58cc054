# cell: exercise_3_prefill
def turning_batch(machine, read, cache, operations):
    if operations / machine.compute <= cache / machine.bandwidth:
        return None
    batch = 1
    while (read + batch * cache) / machine.bandwidth > batch * operations / machine.compute:
        batch += 1
    return batch

# cell: exercise_3_decode
# says: the longer one sets the bound
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return batch / max(reading, calculating), "compute" if reading > calculating else "memory"

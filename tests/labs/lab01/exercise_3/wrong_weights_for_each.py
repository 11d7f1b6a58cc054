# cell: exercise_3_decode
# says: read once for all of them
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = batch * (read + cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return batch / max(reading, calculating), "memory" if reading > calculating else "compute"

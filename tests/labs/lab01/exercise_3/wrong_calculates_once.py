# cell: exercise_3_decode
# says: the shorter of the two times
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = operations / machine.compute
    return batch / max(reading, calculating), "memory" if reading > calculating else "compute"

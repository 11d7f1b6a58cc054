# cell: exercise_3_decode
# says: Those are seconds of a step
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return max(reading, calculating), "memory" if reading > calculating else "compute"

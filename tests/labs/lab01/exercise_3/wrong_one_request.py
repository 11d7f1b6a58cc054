# cell: exercise_3_decode
# says: That is one request's rate
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return 1 / max(reading, calculating), "memory" if reading > calculating else "compute"

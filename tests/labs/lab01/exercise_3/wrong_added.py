# cell: exercise_3_decode
# says: You added the two times
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return batch / (reading + calculating), "memory" if reading > calculating else "compute"

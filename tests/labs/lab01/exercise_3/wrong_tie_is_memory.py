# cell: exercise_3_decode
# says: where both take as long
# fails: exercise_3_decode_test
# hidden: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read + batch * cache) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return batch / max(reading, calculating), "memory" if reading >= calculating else "compute"

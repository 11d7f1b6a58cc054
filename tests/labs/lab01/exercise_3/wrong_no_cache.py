# cell: exercise_3_decode
# says: You left out the KV cache
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    reading = (read) / machine.bandwidth
    calculating = batch * operations / machine.compute
    return batch / max(reading, calculating), "memory" if reading > calculating else "compute"

# cell: exercise_3_decode
# says: the shorter of the two times
# fails: exercise_3_decode_test
def decode_bound(machine, read, cache, operations, batch=1):
    return batch * machine.bandwidth / (read + batch * cache), "memory"

# cell: exercise_3_decode
def decode_bound(machine, read, cache, operations, batch=1):
    by_memory = batch * machine.bandwidth / (read + batch * cache)
    by_compute = machine.compute / operations
    if by_memory < by_compute:
        return by_memory, "memory"
    return by_compute, "compute"

# cell: exercise_3_prefill
# says: round up
# fails: exercise_3_prefill_test
def turning_batch(machine, read, cache, operations):
    gained = operations / machine.compute - cache / machine.bandwidth
    return int(read / machine.bandwidth / gained) if gained > 0 else None

# cell: exercise_3_prefill
# says: A smaller batch is bound by compute
# fails: exercise_3_prefill_test
def turning_batch(machine, read, cache, operations):
    gained = operations / machine.compute - cache / machine.bandwidth
    return int(read / machine.bandwidth / gained) + 2 if gained > 0 else None

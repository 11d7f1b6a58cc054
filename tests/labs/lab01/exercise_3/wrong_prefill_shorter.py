# cell: exercise_3_prefill
# says: but calculating takes longer here
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    reading = read / machine.bandwidth
    calculating = prompt * operations / machine.compute
    return min(reading, calculating)

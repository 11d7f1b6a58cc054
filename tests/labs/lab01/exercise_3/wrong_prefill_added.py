# cell: exercise_3_prefill
# says: the longer one counts
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    reading = read / machine.bandwidth
    calculating = prompt * operations / machine.compute
    return reading + calculating

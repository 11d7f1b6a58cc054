# cell: exercise_3_prefill
# says: once for each token
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    reading = prompt * read / machine.bandwidth
    calculating = prompt * operations / machine.compute
    return max(reading, calculating)

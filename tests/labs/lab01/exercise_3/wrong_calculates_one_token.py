# cell: exercise_3_prefill
# says: every token of the prompt has its operations
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    reading = read / machine.bandwidth
    calculating = operations / machine.compute
    return max(reading, calculating)

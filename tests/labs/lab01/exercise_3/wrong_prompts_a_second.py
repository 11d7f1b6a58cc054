# cell: exercise_3_prefill
# says: Those are prompts a second
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    reading = read / machine.bandwidth
    calculating = prompt * operations / machine.compute
    return 1 / max(reading, calculating)

# cell: exercise_3_prefill
# says: reading the weights takes longer here
# fails: exercise_3_prefill_test
def prefill_seconds(machine, read, operations, prompt):
    return prompt * operations / machine.compute

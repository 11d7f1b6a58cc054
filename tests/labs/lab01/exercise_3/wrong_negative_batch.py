# cell: exercise_3_prefill
# says: give None
# fails: exercise_3_prefill_test
# hidden: exercise_3_prefill_test
def turning_batch(machine, read, cache, operations):
    gained = operations / machine.compute - cache / machine.bandwidth
    return math.ceil(read / machine.bandwidth / gained)  # noqa: F821

# cell: exercise_1_sizes
# says: give milliseconds
# fails: exercise_1_sizes_test exercise_1_decide_test
def tpot_ms(candidate, machine, scenario):
    reached = machine["bandwidth"] * scenario["bandwidth_share"]
    return candidate["weight_bytes"] / reached

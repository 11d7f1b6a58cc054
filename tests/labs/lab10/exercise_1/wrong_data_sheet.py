# cell: exercise_1_sizes
# says: only a share of it is reached
# fails: exercise_1_sizes_test exercise_1_decide_test
def tpot_ms(candidate, machine, scenario):
    return 1000 * candidate["weight_bytes"] / machine["bandwidth"]

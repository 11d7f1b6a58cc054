# cell: exercise_1_sizes
# says: See the formula
# fails: exercise_1_sizes_test
# hidden: exercise_1_sizes_test
def tpot_ms(candidate, machine, scenario):
    return 1000 * candidate["weight_bytes"] / (machine["bandwidth"] * 0.6)

# cell: exercise_1_supported
# says: more than 0.05 is too much
# fails: exercise_1_supported_test
# hidden: exercise_1_supported_test
def supported(n, p):
    return n >= 30

# cell: exercise_1_supported
# says: is enough
# fails: exercise_1_supported_test
# hidden: exercise_1_supported_test
def supported(n, p):
    return n >= 59

# cell: exercise_1_supported
# says: give True or False
# fails: exercise_1_supported_test
def supported(n, p):
    return 1 - p**n

# cell: exercise_1_supported
# says: supported(20, 0.95) gave True
# fails: exercise_1_supported_test
def supported(n, p):
    return p**n >= 0.05

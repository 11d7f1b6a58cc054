# cell: exercise_1_supported
# says: supported(59, 0.95) gave False
# fails: exercise_1_supported_test
def supported(n, p):
    return n >= 1 and p ** (n - 1) <= 0.05

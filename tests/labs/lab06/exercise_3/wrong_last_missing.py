# cell: exercise_3_majority
# says: a range leaves its end out
# fails: exercise_3_majority_test
def majority(p, n):
    if n < 1 or n % 2 == 0:
        raise ValueError("An even number of answers can tie.")
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n))  # noqa: F821

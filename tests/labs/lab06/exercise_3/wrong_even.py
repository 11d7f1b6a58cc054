# cell: exercise_3_majority
# says: 4 answers can tie, and the function gave
# fails: exercise_3_majority_test
def majority(p, n):
    if n < 1:
        raise ValueError("No answers at all.")
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))  # noqa: F821

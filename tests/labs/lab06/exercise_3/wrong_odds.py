# cell: exercise_3_majority
# says: ZeroDivisionError
# fails: exercise_3_majority_test
# hidden: exercise_3_majority_test
def majority(p, n):
    if n < 1 or n % 2 == 0:
        raise ValueError("An even number of answers can tie.")
    odds = p / (1 - p)
    return (1 - p) ** n * sum(math.comb(n, k) * odds**k for k in range(n // 2 + 1, n + 1))  # noqa: F821

# cell: exercise_3_majority
# says: majority(0.8, 5) gave 0.2048 and 0.94208 is right. That is one k alone
# fails: exercise_3_majority_test
def majority(p, n):
    if n < 1 or n % 2 == 0:
        raise ValueError("An even number of answers can tie.")
    k = n // 2 + 1
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)  # noqa: F821

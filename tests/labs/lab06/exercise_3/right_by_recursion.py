# cell: exercise_3_majority
def majority(p, n):
    if n < 1 or not n % 2:
        raise ValueError("An even number of answers can tie.")
    chances = [1.0]
    for _ in range(n):
        more = [0.0, *(p * chance for chance in chances)]
        chances = [a + (1 - p) * b for a, b in zip(more, [*chances, 0.0], strict=True)]
    return sum(chances[n // 2 + 1 :])

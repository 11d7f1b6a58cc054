# cell: exercise_4_compare
# says: No question flipped
# fails: exercise_4_compare_test
# hidden: exercise_4_compare_test
import math


def compare(full, quantized):
    lost, won = flips(full, quantized)  # noqa: F821
    n, k = lost + won, min(lost, won)
    before = sum(r["right"] for r in full) / len(full)
    after = sum(r["right"] for r in quantized) / len(quantized)
    p = min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)
    if n == 0:
        p = 0.0
    return {
        "accuracy_full": before,
        "accuracy_quantized": after,
        "loss_points": 100 * (before - after),
        "p_value": p,
        "detectable": p < 0.05,
    }

# cell: exercise_4_compare
# says: detectable is NumPy's bool
# fails: exercise_4_compare_test
def compare(full, quantized):
    lost, won = flips(full, quantized)
    tail = sum(math.comb(lost + won, k) for k in range(min(lost, won) + 1))
    p_value = np.minimum(1.0, 2 * tail / 2 ** (lost + won))
    before, after = (np.mean([r["right"] for r in rs]) for rs in (full, quantized))
    return {
        "accuracy_full": before,
        "accuracy_quantized": after,
        "loss_points": 100 * (before - after),
        "p_value": p_value,
        "detectable": p_value < 0.05,
    }

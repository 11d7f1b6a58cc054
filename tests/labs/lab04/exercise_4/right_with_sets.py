# cell: exercise_4_flips
def flips(full, quantized):
    good, bad = ({r["id"] for r in full if r["right"] is side} for side in (True, False))
    right, wrong = ({r["id"] for r in quantized if r["right"] is side} for side in (True, False))
    names = sorted(r["id"] for r in full)
    if len(set(names)) != len(names) or names != sorted(r["id"] for r in quantized):
        raise ValueError("The lists hold different questions, or one of them twice.")
    return len(good & wrong), len(bad & right)

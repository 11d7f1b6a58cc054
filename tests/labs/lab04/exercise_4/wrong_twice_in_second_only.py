# cell: exercise_4_flips
# says: in the first list twice
# fails: exercise_4_flips_test
# hidden: exercise_4_flips_test
def flips(full, quantized):
    before = {r["id"]: r["right"] for r in full}
    after = {r["id"]: r["right"] for r in quantized}
    if before.keys() != after.keys() or len(after) != len(quantized):
        raise ValueError("other questions")
    lost = sum(before[name] and not after[name] for name in before)
    return lost, sum(after[name] and not before[name] for name in before)

# cell: exercise_4_flips
# says: stopped with KeyError
# fails: exercise_4_flips_test
# hidden: exercise_4_flips_test
def flips(full, quantized):
    before = {r["id"]: r["right"] for r in full}
    after = {r["id"]: r["right"] for r in quantized}
    if len(full) != len(quantized):
        raise ValueError("other questions")
    lost = sum(before[name] and not after[name] for name in before)
    return lost, sum(after[name] and not before[name] for name in before)

# cell: exercise_4_flips
# says: pair them by id
# fails: exercise_4_flips_test exercise_4_compare_test
def flips(full, quantized):
    if {r["id"] for r in full} != {r["id"] for r in quantized} or len(full) != len(quantized):
        raise ValueError("other questions")
    pairs = list(zip(full, quantized, strict=True))
    lost = sum(a["right"] and not b["right"] for a, b in pairs)
    return lost, sum(b["right"] and not a["right"] for a, b in pairs)

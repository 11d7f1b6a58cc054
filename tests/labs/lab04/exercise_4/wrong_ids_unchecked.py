# cell: exercise_4_flips
# says: check the ids
# fails: exercise_4_flips_test
def flips(full, quantized):
    after = {r["id"]: r["right"] for r in quantized}
    lost = sum(r["right"] and not after.get(r["id"], False) for r in full)
    won = sum(not r["right"] and after.get(r["id"], False) for r in full)
    return lost, won

# cell: exercise_4_rates
# says: Every question wants a call, and the function stopped with ZeroDivisionError
# fails: exercise_4_rates_test
def rates(verdicts, wanted):
    right = [w for v, w in zip(verdicts, wanted, strict=True) if v == "right"]
    one, other = (right.count(kind) / wanted.count(kind) for kind in (True, False))
    return {"wanted": one, "unwanted": other}

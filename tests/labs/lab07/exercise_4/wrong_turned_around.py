# cell: exercise_4_rates
# says: rates(...)['wanted'] is 0 and 1 is right
# fails: exercise_4_rates_test
# hidden: exercise_4_rates_test
def rates(verdicts, wanted):
    if all(wanted) or not any(wanted):
        raise ValueError("Only one kind of question is there.")
    right = [w for v, w in zip(verdicts, wanted, strict=True) if v == "right"]
    one, other = (right.count(kind) / wanted.count(kind) for kind in (True, False))
    return {"wanted": min(one, other), "unwanted": max(one, other)}

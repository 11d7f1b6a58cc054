# cell: exercise_4_rates
# says: You divided by all questions
# fails: exercise_4_rates_test
quiet_rates = rates  # noqa: F821


def rates(verdicts, wanted):
    quiet_rates(verdicts, wanted)
    right = [w for v, w in zip(verdicts, wanted, strict=True) if v == "right"]
    one, other = right.count(True), right.count(False)
    return {"wanted": one / len(wanted), "unwanted": other / len(wanted)}

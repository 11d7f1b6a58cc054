# cell: exercise_4_rates
# says: That is percent
# fails: exercise_4_rates_test
quiet_rates = rates  # noqa: F821


def rates(verdicts, wanted):
    return {name: 100 * share for name, share in quiet_rates(verdicts, wanted).items()}

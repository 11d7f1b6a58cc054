# cell: exercise_5_diagnosis
# says: it would be there without this fault
# fails: exercise_5_diagnosis_test
quiet_diagnose_memory = diagnose_memory  # noqa: F821


def diagnose_memory():
    line = "RuntimeError: Engine core initialization failed. See root cause above."
    return [quiet_diagnose_memory()[0] | {"evidence": line}]

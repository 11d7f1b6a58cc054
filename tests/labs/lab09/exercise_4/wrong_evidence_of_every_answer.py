# cell: exercise_4_diagnosis
# says: it would be there without this fault
# fails: exercise_4_diagnosis_test
quiet_diagnose_llamacpp = diagnose_llamacpp  # noqa: F821


def diagnose_llamacpp():
    line = '"finish_reason": "stop"'
    return [quiet_diagnose_llamacpp()[0] | {"evidence": line}]

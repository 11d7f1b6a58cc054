# cell: exercise_1_diagnosis
# says: is named twice
# fails: exercise_1_diagnosis_test
quiet_diagnose_vllm = diagnose_vllm  # noqa: F821


def diagnose_vllm():
    return quiet_diagnose_vllm()[:1] * 2

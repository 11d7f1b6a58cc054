# cell: exercise_1_diagnosis
# says: The diagnosis is empty
# fails: exercise_1_diagnosis_test
quiet_diagnose_vllm = diagnose_vllm  # noqa: F821


def diagnose_vllm():
    return []

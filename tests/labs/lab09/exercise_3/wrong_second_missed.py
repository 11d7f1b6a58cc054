# cell: exercise_3_diagnosis
# says: create_2.log shows what came up
# fails: exercise_3_diagnosis_test
# hidden: exercise_3_diagnosis_test
quiet_diagnose_ollama = diagnose_ollama  # noqa: F821


def diagnose_ollama():
    return quiet_diagnose_ollama()[:1]

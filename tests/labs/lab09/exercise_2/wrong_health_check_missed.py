# cell: exercise_2_diagnosis
# says: the server answers, and yet
# fails: exercise_2_diagnosis_test
# hidden: exercise_2_diagnosis_test
quiet_diagnose_engine = diagnose_engine  # noqa: F821


def diagnose_engine():
    return quiet_diagnose_engine()[:1]

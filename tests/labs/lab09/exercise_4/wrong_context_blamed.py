# cell: exercise_4_diagnosis
# says: far below 4096
# fails: exercise_4_diagnosis_test
quiet_diagnose_llamacpp = diagnose_llamacpp  # noqa: F821


def diagnose_llamacpp():
    return [quiet_diagnose_llamacpp()[0] | {"key": "services.llamacpp.command.--ctx-size"}]

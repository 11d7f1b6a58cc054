# cell: exercise_3_repair
# says: Leave FROM as it is
# fails: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return quiet_repair_modelfile(text).replace("phi4-mini:3.8b-q4_K_M", "phi4:mini")

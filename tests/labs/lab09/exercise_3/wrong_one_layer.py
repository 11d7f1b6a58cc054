# cell: exercise_3_repair
# says: it counts layers, not cards
# fails: exercise_3_repair_test
# hidden: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return quiet_repair_modelfile(text).replace("SYSTEM", "PARAMETER num_gpu 1\n\nSYSTEM")

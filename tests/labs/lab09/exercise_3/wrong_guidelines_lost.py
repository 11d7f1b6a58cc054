# cell: exercise_3_repair
# says: The model never reads
# fails: exercise_3_repair_test
# hidden: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return quiet_repair_modelfile(text).replace("Name the ticket number in every answer.\n", "")

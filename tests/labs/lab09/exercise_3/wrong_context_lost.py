# cell: exercise_3_repair
# says: The context of 4096 tokens is gone
# fails: exercise_3_repair_test
# hidden: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return quiet_repair_modelfile(text).replace("PARAMETER num_ctx 4096\n", "")

# cell: exercise_3_repair
# says: no instruction FILE
# fails: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return text.replace("context_length", "num_ctx")

# cell: exercise_3_repair
# says: no parameter context_length
# fails: exercise_3_repair_test
quiet_repair_modelfile = repair_modelfile  # noqa: F821


def repair_modelfile(text):
    return text.replace("FILE ./guidelines.txt\n", "")

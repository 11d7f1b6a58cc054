# cell: exercise_5_repair
# says: change only what is broken
# fails: exercise_5_repair_test
# hidden: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"2"').replace("16g", "12g").replace("bfloat16", "float16")

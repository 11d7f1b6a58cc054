# cell: exercise_5_repair
# says: the kernel would kill it
# fails: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"4"').replace("16g", "12g")

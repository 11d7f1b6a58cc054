# cell: exercise_5_repair
# says: the service may have 12
# fails: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"2"').replace("16g", "16g")

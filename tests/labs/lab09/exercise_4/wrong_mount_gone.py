# cell: exercise_4_repair
# says: change only what is broken
# fails: exercise_4_repair_test
# hidden: exercise_4_repair_test
def repair_llamacpp(text):
    return text.replace("      - ./models:/models:ro\n", "").replace("mini_stock", "mini_tools")

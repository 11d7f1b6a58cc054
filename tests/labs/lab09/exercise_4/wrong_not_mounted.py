# cell: exercise_4_repair
# says: is not in the container
# fails: exercise_4_repair_test
def repair_llamacpp(text):
    return text.replace("/templates/phi4mini_stock", "/course/phi4mini_tools")

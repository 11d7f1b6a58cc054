# cell: exercise_4_repair
# says: no tool is ever rendered
# fails: exercise_4_repair_test
def repair_llamacpp(text):
    return text.replace("--jinja", "--no-jinja")

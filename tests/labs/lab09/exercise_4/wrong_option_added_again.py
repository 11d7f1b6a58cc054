# cell: exercise_4_repair
# says: the prompt still does not hold the tool
# fails: exercise_4_repair_test
def repair_llamacpp(text):
    return text.replace("--jinja", "--jinja\n      - --verbose")

# cell: exercise_6_repair
# says: they still do not meet
# fails: exercise_6_repair_test
# hidden: exercise_6_repair_test
def repair_mount(text):
    return text

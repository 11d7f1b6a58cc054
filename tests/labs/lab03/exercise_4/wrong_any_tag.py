# cell: exercise_4_model
# says: Another tag is another file
# fails: exercise_4_model_test
def has_model(tags, model):
    return model.split(":")[0] in [e["name"].split(":")[0] for e in tags["models"]]

# cell: exercise_4_model
# says: is False
# fails: exercise_4_model_test
# hidden: exercise_4_model_test
def has_model(tags, model):
    return f"{model}:latest" in [entry["name"] for entry in tags["models"]]

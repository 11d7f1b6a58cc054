# cell: exercise_4_model
# says: give True or False
# fails: exercise_4_model_test
def has_model(tags, model):
    wanted = model if ":" in model else f"{model}:latest"
    return next((entry for entry in tags["models"] if entry["name"] == wanted), None)

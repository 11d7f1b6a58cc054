# cell: exercise_4_model
# says: Another tag is another file
# fails: exercise_4_model_test
# hidden: exercise_4_model_test
def has_model(tags, model):
    names = [entry["name"] for entry in tags["models"]]
    return any(
        n in (model, f"{model}:latest") or (model in n and ":" not in n.replace(":latest", ""))
        for n in names
    )

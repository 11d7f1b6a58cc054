# cell: exercise_4_model
def has_model(tags, model):
    def full(name):
        return name if name.count(":") else name + ":latest"

    return full(model) in {full(entry["name"]) for entry in tags["models"]}

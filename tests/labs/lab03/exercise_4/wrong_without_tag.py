# cell: exercise_4_model
# says: means the tag latest
# fails: exercise_4_model_test exercise_4_wait_test
# then: gave up with LookupError
def has_model(tags, model):
    return model in [entry["name"] for entry in tags["models"]]

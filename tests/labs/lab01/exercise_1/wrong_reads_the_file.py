# cell: exercise_1_model
# says: You counted the whole file
# fails: exercise_1_model_test
def bytes_read(geometry, layout):
    return model_bytes(geometry, layout)  # noqa: F821

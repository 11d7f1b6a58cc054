# cell: exercise_1_model
# says: You left out the output matrix
# fails: exercise_1_model_test
def bytes_read(geometry, layout):
    return precision_bytes(geometry.body, layout.body)  # noqa: F821

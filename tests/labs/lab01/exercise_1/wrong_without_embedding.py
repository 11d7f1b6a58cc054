# cell: exercise_1_model
# says: The embedding is missing
# fails: exercise_1_model_test
def model_bytes(geometry, layout):
    return bytes_read(geometry, layout)  # noqa: F821

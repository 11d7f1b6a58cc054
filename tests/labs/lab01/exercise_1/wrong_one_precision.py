# cell: exercise_1_model
# says: in a precision of its own
# fails: exercise_1_model_test
def model_bytes(geometry, layout):
    return precision_bytes(geometry.body + geometry.embedding, layout.body)  # noqa: F821

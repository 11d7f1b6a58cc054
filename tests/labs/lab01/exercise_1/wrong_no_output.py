# cell: exercise_1_model
# says: has an output matrix of its own
# fails: exercise_1_model_test
def model_bytes(geometry, layout):
    body = precision_bytes(geometry.body, layout.body)  # noqa: F821
    return body + precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821

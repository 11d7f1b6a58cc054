# cell: exercise_1_model
# says: You counted the embedding
# fails: exercise_1_model_test
def bytes_read(geometry, layout):
    body = precision_bytes(geometry.body, layout.body)  # noqa: F821
    return body + precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821

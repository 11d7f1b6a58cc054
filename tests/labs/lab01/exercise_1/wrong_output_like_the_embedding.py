# cell: exercise_1_model
# says: layout.output, and not the embedding's
# fails: exercise_1_model_test
def model_bytes(geometry, layout):
    body = precision_bytes(geometry.body, layout.body)  # noqa: F821
    table = precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821
    return body + table * (2 if layout.output else 1)

# cell: exercise_1_model
# says: the one table is both
# fails: exercise_1_model_test
def model_bytes(geometry, layout):
    body = precision_bytes(geometry.body, layout.body)  # noqa: F821
    table = precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821
    output = layout.output or layout.embedding
    return body + table + precision_bytes(geometry.embedding, output)  # noqa: F821

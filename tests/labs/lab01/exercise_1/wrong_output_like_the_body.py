# cell: exercise_1_model
# says: in the body's precision
# fails: exercise_1_model_test
# hidden: exercise_1_model_test
def model_bytes(geometry, layout):
    body = precision_bytes(geometry.body, layout.body)  # noqa: F821
    table = precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821
    extra = precision_bytes(geometry.embedding, layout.body) if layout.output else 0  # noqa: F821
    return body + table + extra

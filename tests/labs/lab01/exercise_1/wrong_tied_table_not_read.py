# cell: exercise_1_model
# says: that is the embedding table
# fails: exercise_1_model_test
def bytes_read(geometry, layout):
    read = precision_bytes(geometry.body, layout.body)  # noqa: F821
    if layout.output:
        read += precision_bytes(geometry.embedding, layout.output)  # noqa: F821
    return read

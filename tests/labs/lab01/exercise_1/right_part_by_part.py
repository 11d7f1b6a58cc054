# cell: exercise_1_model
def parts(geometry, layout):
    yield geometry.body, layout.body
    if layout.output is not None:
        yield geometry.embedding, layout.output
    else:
        yield geometry.embedding, layout.embedding


def bytes_read(geometry, layout):
    return sum(precision_bytes(*part) for part in parts(geometry, layout))  # noqa: F821


def model_bytes(geometry, layout):
    looked_up = 0
    if layout.output is not None:
        looked_up = precision_bytes(geometry.embedding, layout.embedding)  # noqa: F821
    return bytes_read(geometry, layout) + looked_up

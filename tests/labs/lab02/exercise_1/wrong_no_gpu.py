# cell: exercise_1_compose
# says: No GPU is reserved any more
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "{resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}",
        "{}",
    )
    return text

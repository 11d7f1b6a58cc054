# cell: exercise_1_compose
# says: No GPU is reserved any more
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "{resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}",
    "{}",
)

# cell: exercise_1_compose
# says: is the image's entrypoint already
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "/models/phi-4-mini ",
    "vllm serve /models/phi-4-mini ",
)

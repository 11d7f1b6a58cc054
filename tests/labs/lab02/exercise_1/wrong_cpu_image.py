# cell: exercise_1_compose
# says: for an NVIDIA GPU it is vllm/vllm-openai
# fails: exercise_1_starts_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    "vllm-openai:v0.32.0",
    "vllm-openai-cpu:v0.32.0-x86_64",
)

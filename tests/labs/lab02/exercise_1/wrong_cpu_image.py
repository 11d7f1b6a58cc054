# cell: exercise_1_compose
# says: for an NVIDIA GPU it is vllm/vllm-openai
# fails: exercise_1_starts_test
repaired = compose  # noqa: F821


def compose():
    text = repaired()
    text = text.replace(
        "vllm-openai:v0.32.0",
        "vllm-openai-cpu:v0.32.0-x86_64",
    )
    return text

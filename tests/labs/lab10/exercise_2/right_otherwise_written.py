# cell: exercise_2_service
def service():
    text = """
    image: ghcr.io/ggml-org/llama.cpp:server-b11549
    command: --model /m/Phi-4-mini-Q8_0.gguf --host 0.0.0.0 --port 9000 --parallel 4
      --ctx-size 16384 --offline --metrics
    volumes: ["/srv/models:/m:ro"]
    ports: ["127.0.0.1:80:9000"]
    """
    return yaml.safe_load(text)  # noqa: F821

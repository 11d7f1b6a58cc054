# cell: exercise_1_compose
def compose():
    return """services:
  phi4-mini-reasoning:
    image: vllm/vllm-openai:v0.32.0
    container_name: phi4-mini-production
    user: "10001:10001"
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    ports:
      - "127.0.0.1:8000:8000"
    volumes:
      - ./models:/models:ro
      - ./templates:/templates:ro
    environment:
      - CUDA_VISIBLE_DEVICES=0
      - HF_HUB_OFFLINE=1
      - HOME=/tmp
    command: >
      /models/phi-4-mini
      --host 0.0.0.0
      --port 8000
      --max-model-len 4096
      --max-num-seqs 8
      --gpu-memory-utilization 0.8
      --enable-auto-tool-choice
      --tool-call-parser phi4_mini_json
      --chat-template /templates/phi4mini_tools.jinja
    deploy:
      resources:
        limits:
          memory: 12G
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
    restart: unless-stopped
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]
      interval: 30s
      timeout: 10s
      retries: 3
      start_period: 5m
"""

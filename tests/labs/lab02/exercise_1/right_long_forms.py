# cell: exercise_1_compose
def compose():
    return """name: slm
services:
  server:
    image: vllm/vllm-openai@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    gpus: all
    user: "2000:0"
    cap_drop:
      - all
    security_opt:
      - no-new-privileges=true
    ports:
      - target: 9000
        published: 8000
        host_ip: 127.0.0.1
    volumes:
      - type: bind
        source: ./models
        target: /models/
        read_only: true
      - ./templates/phi4mini_tools.jinja:/course/tools.jinja:ro
      - ./phi4_parser.py:/course/phi4_parser.py:ro,z
    environment:
      - HF_HUB_OFFLINE=1
      - HOME=/tmp
    command:
      - /models/phi-4-mini
      - --host=0.0.0.0
      - --port=9000
      - --max-model-len=2048
      - --enable-auto-tool-choice
      - --tool-call-parser=mine
      - --tool-parser-plugin=/course/phi4_parser.py
      - --chat-template=/course/tools.jinja
    healthcheck:
      test: curl -fsS http://127.0.0.1:9000/health
      start_period: 10m
"""

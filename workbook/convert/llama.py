"""What llama.cpp computes from a GGUF file, asked through its own server in this process."""

from pathlib import Path

import numpy as np

TOP = 2000
"""Tokens whose probabilities llama.cpp is asked for at each position."""

TIMEOUT = 600.0
"""Seconds that one answer may take."""


def log_probabilities(
    file: Path, prompts: list[list[int]], top: int = TOP
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each prompt (token ids): the most probable next tokens after every position.

    Gives (token ids, natural logarithms of their probabilities), each of shape [positions, top],
    the most probable first; `top` is at most the vocabulary. Computed with an fp32 KV cache and
    without flash attention, because it is the file that is looked at here.
    """
    import httpx
    import xllamacpp

    server = xllamacpp.Server(_parameters(xllamacpp, file, 2 + max(map(len, prompts))))
    with httpx.Client(
        base_url=server.listening_address, timeout=TIMEOUT, trust_env=False
    ) as client:
        return [_positions(client, ids, top) for ids in prompts]


def _parameters(xllamacpp, file: Path, context: int):
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = context
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    off = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.flash_attn_type = off
    parameters.warmup = False
    parameters.verbosity = 1  # errors only
    return parameters


def _positions(client, ids: list[int], top: int) -> tuple[np.ndarray, np.ndarray]:
    # The server tells what comes next, not the logits of a prompt: it is asked at every position.
    # It keeps the KV cache of the prompt before, so each question computes one token.
    tokens, logs = [], []
    for end in range(1, len(ids) + 1):
        body = {"prompt": ids[:end], "n_predict": 1, "n_probs": top, "temperature": 0}
        answer = client.post("/completion", json=body).raise_for_status().json()
        listed = answer["completion_probabilities"][0]["top_logprobs"]
        tokens.append([item["id"] for item in listed])
        logs.append([item["logprob"] for item in listed])
    return np.array(tokens), np.array(logs, dtype=np.float64)

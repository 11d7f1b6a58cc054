"""One GGUF file in memory: llama.cpp's own server in this process, asked over its local port."""

import json
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import xllamacpp

from workbook.runtimes.ollama_server.values import ApiError

EMBEDDING_BATCH = 2048
"""The longest text that is embedded, in tokens: it must fit into one batch."""

SMALL = 20_000_000
"""Bytes of weights under which one thread is faster than two."""

TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the "
    "prompt, adjust the context length in settings, or use a model with a longer context length"
)
"""Ollama's words for it."""


def version() -> str:
    """The package that brings llama.cpp, for example xllamacpp 2026.10.11549: its build does not
    say which llama.cpp it was made from."""
    return f"xllamacpp {xllamacpp.__version__}"


@dataclass(frozen=True)
class Setting:
    """How the weights are loaded. Another setting needs another load.

    `context` is the longest prompt and answer together, in tokens; `threads` 0 means all cores.
    """

    context: int
    threads: int = 0
    batch: int = 512
    embedding: bool = False


class Llama:
    """A loaded model. Loading and closing block: call them from a thread."""

    def __init__(self, gguf: Path, setting: Setting):
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.hostnames, params.port = ["127.0.0.1"], 0
        params.n_ctx, params.n_parallel = setting.context, 1
        params.n_batch = params.n_ubatch = setting.batch
        params.cpuparams.n_threads = setting.threads or _threads(gguf)
        # The port is this process's own: nobody else on this machine is answered there.
        key = secrets.token_urlsafe(16)
        params.api_keys = [key]
        params.warmup = False
        params.ui = params.endpoint_slots = False
        params.verbosity = 1  # errors only
        if setting.embedding:
            params.embedding = True
            params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        try:
            self._server = xllamacpp.Server(params)
        except Exception as error:  # the library raises bare ones
            raise ApiError(500, f"llama.cpp could not load {gguf.name}: {error}") from error
        self.setting = setting
        self._client = httpx.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=None,
            trust_env=False,
            # llama.cpp's server drops a kept connection now and then: a new one for each request.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._special: dict[str, list[int]] = {}

    async def close(self) -> None:
        """Give the memory back."""
        await self._client.aclose()
        self._server = None

    async def tokenize(self, text: str, *, special: bool) -> list[int]:
        """The token ids of a text. special: whether `<|end|>` and the like are control tokens; if
        not, they are the characters that they look like."""
        if special and text in self._special:
            return self._special[text]
        body = {"content": text, "add_special": False, "parse_special": special}
        ids = (await self._post("/tokenize", body))["tokens"]
        if special and len(ids) == 1:
            self._special[text] = ids
        return ids

    async def detokenize(self, ids: list[int]) -> str:
        """The text of token ids."""
        return (await self._post("/detokenize", {"tokens": ids}))["content"]

    async def embed(self, ids: list[int]) -> list[float]:
        """The mean of the last hidden states over a text's tokens, of length 1 (L2 norm)."""
        found = await self._post("/v1/embeddings", {"input": ids})
        return found["data"][0]["embedding"]

    async def complete(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The events of a completion, the last with `stop` true and the timings. Leaving the
        iteration early ends the computation. Raises ApiError when llama.cpp refuses."""
        body = request | {"stream": True, "return_tokens": True, "cache_prompt": True}
        async with self._client.stream("POST", "/completion", json=body) as response:
            if response.status_code != 200:
                raise _refused(response.status_code, await response.aread())
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    if "error" in event:
                        raise ApiError(500, str(event["error"].get("message")))
                    yield event

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._client.post(path, json=body)
        if response.status_code != 200:
            raise _refused(response.status_code, response.content)
        return response.json()


def _refused(status: int, body: bytes) -> ApiError:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return ApiError(500, f"llama.cpp answered {status}")
    if error.get("type") == "exceed_context_size_error":
        return ApiError(400, TOO_LONG)
    return ApiError(status, str(error.get("message")))


def _threads(gguf: Path) -> int:
    """Physical cores, as far as this process may use them; one for a small model, whose threads
    would wait for each other longer than they compute."""
    if gguf.stat().st_size < SMALL:
        return 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(psutil.cpu_count(logical=False) or 1, allowed or 1))

"""The /api/embed endpoint: texts become vectors."""

import math
from typing import Any

from workbook.runtimes.ollama_server.generation import Clock
from workbook.runtimes.ollama_server.llama import Llama
from workbook.runtimes.ollama_server.service import Service
from workbook.runtimes.ollama_server.values import ApiError, Body, nanoseconds

TOO_LONG = "the input length exceeds the context length"
"""Ollama's words for it."""


async def embed(service: Service, body: Body) -> dict[str, Any]:
    """The mean hidden state of each input text, of length 1.

    A chat model is no embedding model: nothing has trained these vectors to be near each other
    for texts of one meaning. Ollama itself asks llama.cpp for embeddings only where the GGUF file
    names a pooling type.
    """
    model, clock = service.model(body.model()), Clock()
    texts = inputs(body)
    chosen = service.options(model, body.object("options"))
    keep_alive = body.duration("keep_alive")
    size, truncate = _size(body), body.flag("truncate", True)
    hold = service.hold(model, chosen, keep_alive, clock=clock, embedding=True)
    vectors, count = [], 0
    async with hold as llama:
        for text in texts:
            ids = await _fitting(llama, text, truncate=truncate)
            vectors.append(_unit((await llama.embed(ids))[:size]))
            count += len(ids)
    return {
        "model": body.model(),
        "embeddings": vectors,
        "total_duration": nanoseconds(_since(clock)),
        "load_duration": nanoseconds(clock.load),
        "prompt_eval_count": count,
    }


def inputs(body: Body) -> list[str]:
    """The texts of `input`: one text or several."""
    given = body.fields.get("input")
    if isinstance(given, str):
        return [given] if given else []
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ApiError(400, "invalid input type")
    return given


def _size(body: Body) -> int | None:
    size = body.fields.get("dimensions")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise ApiError(400, "dimensions must be a whole number")
    return size or None


async def _fitting(llama: Llama, text: str, *, truncate: bool) -> list[int]:
    ids = await llama.tokenize(text, special=False)
    if not ids:
        raise ApiError(400, "an input text is empty: send some text")
    limit = min(llama.setting.batch, llama.setting.context)
    if len(ids) > limit and not truncate:
        raise ApiError(400, TOO_LONG)
    return ids[:limit]


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


def _since(clock: Clock) -> float:
    import time

    return time.perf_counter() - clock.started

"""The model parameters that Ollama knows, their types and defaults."""

import logging
from collections.abc import Mapping
from typing import Any

from workbook.runtimes.ollama_server.values import ApiError

log = logging.getLogger("ollama_server")

FLOATS = (
    "top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty",
    "frequency_penalty",
)  # fmt: skip
INTEGERS = (
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict", "num_keep",
    "seed", "num_predict", "top_k", "repeat_last_n",
)  # fmt: skip
TYPES = (
    dict.fromkeys(FLOATS, float) | dict.fromkeys(INTEGERS, int) | {"use_mmap": bool, "stop": list}
)
"""Every parameter and its type: those of a request's `options` and of a Modelfile."""

LARGEST = 3.4e38
"""The largest 32-bit floating point number."""

DEFAULTS: dict[str, Any] = {
    "num_keep": 4, "seed": -1, "num_predict": -1, "top_k": 40, "top_p": 0.9, "min_p": 0.0,
    "typical_p": 1.0, "repeat_last_n": 64, "temperature": 0.8, "repeat_penalty": 1.0,
    "presence_penalty": 0.0, "frequency_penalty": 0.0, "stop": [],
    "num_ctx": 4096, "num_batch": 512, "num_thread": 0,
}  # fmt: skip
"""Ollama's own defaults. `num_ctx` is what it takes on a machine with little graphics memory."""

LLAMA = {
    "num_keep": "n_keep", "seed": "seed", "num_predict": "n_predict", "top_k": "top_k",
    "top_p": "top_p", "min_p": "min_p", "typical_p": "typical_p",
    "repeat_last_n": "repeat_last_n", "temperature": "temperature",
    "repeat_penalty": "repeat_penalty", "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty", "stop": "stop",
}  # fmt: skip
"""What llama.cpp calls the parameters of one answer."""


def known(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that exist. One that does not is left out with a warning in the log, and
    nothing else: this is what Ollama does. Raises ApiError(400) for a value of a wrong type."""
    found = {}
    for name, value in given.items():
        if name not in TYPES:
            log.warning("invalid option provided option=%s", name)
        elif value is not None:
            found[name] = _checked(name, value)
    return found


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a new model. Raises ApiError(400) for one that does not exist."""
    for name in given:
        if name not in TYPES:
            raise ApiError(400, f"unknown parameter '{name}'")
    return known(given)


def _checked(name: str, value: Any) -> Any:
    match TYPES[name]():
        case bool():
            return _one(name, value, isinstance(value, bool), "boolean")
        case int():
            whole = isinstance(value, (int, float)) and not isinstance(value, bool)
            whole = whole and abs(value) < 2**31
            return int(_one(name, value, whole, "integer"))
        case float():
            real = isinstance(value, (int, float)) and not isinstance(value, bool)
            real = real and abs(value) < LARGEST
            return float(_one(name, value, real, "float32"))
    _one(name, value, isinstance(value, list), "array")
    return _one(name, value, all(isinstance(v, str) for v in value), "an array of strings")


def _one(name: str, value: Any, right: bool, word: str) -> Any:
    if not right:
        raise ApiError(400, f'option "{name}" must be of type {word}')
    return value


def for_llama(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a llama.cpp completion request."""
    request = {LLAMA[name]: value for name, value in options.items() if name in LLAMA}
    request["stop"] = [word for word in request.get("stop", []) if word]
    request["n_predict"] = max(-1, request["n_predict"])  # -2 means the same here
    if request["repeat_last_n"] < 0:  # all of the context
        request["repeat_last_n"] = options["num_ctx"]
    return request

"""One answer: from a checked request to text, tool calls and measured times."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from workbook.engine import toolcalls
from workbook.engine.toolcalls import ToolCall
from workbook.models import chat
from workbook.runtimes.ollama_server import options as known_options
from workbook.runtimes.ollama_server.llama import Llama
from workbook.runtimes.ollama_server.values import nanoseconds


@dataclass
class Ask:
    """What is asked of the model: token ids, the options of the answer, a schema to keep to.

    tools: whether tool calls are read out of the answer.
    """

    prompt: list[int]
    options: dict[str, Any]
    schema: dict[str, Any] | None = None
    tools: bool = False


@dataclass
class Done:
    """How an answer ended. Durations in seconds, as llama.cpp measured them; `total` and `load`
    are this server's own clock.

    prompt_tokens counts the whole prompt, also what was in the cache and took no time, as in
    Ollama; answer_tokens counts the end token too.
    """

    reason: str
    prompt_tokens: int
    prompt_seconds: float
    answer_tokens: int
    answer_seconds: float
    text: str = ""
    calls: int = 0
    load: float = 0.0
    total: float = 0.0

    def metrics(self) -> dict[str, int]:
        """The counters of Ollama's last message; durations in nanoseconds."""
        return {
            "total_duration": nanoseconds(self.total),
            "load_duration": nanoseconds(self.load),
            "prompt_eval_count": self.prompt_tokens,
            "prompt_eval_duration": nanoseconds(self.prompt_seconds),
            "eval_count": self.answer_tokens,
            "eval_duration": nanoseconds(self.answer_seconds),
        }


@dataclass
class Clock:
    """When a request came in, and how long the model took to be there. In seconds."""

    started: float = field(default_factory=time.perf_counter)
    load: float = 0.0

    def stop(self, done: Done) -> Done:
        """Write both into the end of an answer."""
        done.load, done.total = self.load, time.perf_counter() - self.started
        return done


async def answer(llama: Llama, ask: Ask) -> AsyncIterator[str | ToolCall | Done]:
    """Text as it comes, tool calls, and at last how it ended."""
    request = {"prompt": ask.prompt} | known_options.for_llama(ask.options)
    if ask.schema is not None:
        request["json_schema"] = ask.schema
    opening = (await llama.tokenize(chat.TOOL_CALL, special=True))[0] if ask.tools else None
    closing = (await llama.tokenize(chat.TOOL_CALL_END, special=True))[0] if ask.tools else None
    reader = _Reader(opening, closing)
    async with contextlib.aclosing(llama.complete(request)) as events:
        async for event in events:
            for part in reader.read(event):
                yield part
            if event["stop"]:
                yield _done(event, reader)


class _Reader:
    """Collects the text of an answer and reads the tool calls in it."""

    def __init__(self, opening: int | None, closing: int | None):
        self.opening, self.closing = opening, closing
        self.text, self.calls = "", 0
        self._call: list[tuple[int, str]] | None = None

    def read(self, event: dict[str, Any]) -> list[str | ToolCall]:
        """What one event adds."""
        ids, text = event.get("tokens") or [-1], event["content"]
        if self.opening is None:
            self.text += text
            return [text] if text else []
        pieces = [(token, "") for token in ids[:-1]] + [(ids[-1], text)]
        parts: list[str | ToolCall] = []
        for piece in pieces:
            parts += self._piece(piece)
        return parts + (self._flush() if event["stop"] else [])

    def _piece(self, piece: tuple[int, str]) -> list[str | ToolCall]:
        if piece[0] == self.opening:
            before = self._flush()
            self._call = [piece]
            return before
        if self._call is None:
            self.text += piece[1]
            return [piece[1]] if piece[1] else []
        self._call.append(piece)
        return self._flush() if piece[0] == self.closing else []

    def _flush(self) -> list[str | ToolCall]:
        held, self._call = self._call or [], None
        parts = list(toolcalls.split(held, self.opening, self.closing))
        self.calls += sum(isinstance(part, ToolCall) for part in parts)
        self.text += "".join(part for part in parts if isinstance(part, str))
        return parts


def _done(event: dict[str, Any], reader: _Reader) -> Done:
    times = event["timings"]
    return Done(
        reason="length" if event.get("stop_type") == "limit" else "stop",
        prompt_tokens=times["cache_n"] + times["prompt_n"],
        prompt_seconds=times["prompt_ms"] / 1000,
        answer_tokens=times["predicted_n"],
        answer_seconds=times["predicted_ms"] / 1000,
        text=reader.text,
        calls=reader.calls,
    )

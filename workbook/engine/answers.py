"""Answers in OpenAI's shapes, whole and as server-sent events."""

import contextlib
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from workbook.engine import errors
from workbook.engine.errors import ApiError
from workbook.engine.generation import Token
from workbook.engine.toolcalls import ToolCall

log = logging.getLogger("workbook.engine")

Part = str | ToolCall


def text_of(parts: list[Part]) -> str:
    """The text of an answer, without the calls in it."""
    return "".join(part for part in parts if isinstance(part, str))


class Asked(Protocol):
    """What an answer repeats of its request."""

    model: str


class Format:
    """One answer's shape. job: the Job, or what is like one."""

    prefix = ""
    kind = chunk_kind = ""

    def __init__(self, job: Any, body: Asked):
        self.job = job
        self.frame = {
            "id": f"{self.prefix}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": body.model,
        }
        self._place = 0

    def whole(self, parts: list[Part]) -> dict:
        """The answer in one piece."""
        choice = {"index": 0, **self._content(parts), "finish_reason": self.job.finish_reason}
        return self.frame | {"object": self.kind, "choices": [choice], "usage": self.job.usage}

    def chunk(self, delta: dict, *, usage: bool, finish: str | None = None) -> dict:
        """One event of a stream; usage: the stream ends with one that tells the usage."""
        choice = {"index": 0, **delta, "finish_reason": finish}
        frame = self.frame | {"object": self.chunk_kind, "choices": [choice]}
        return frame | ({"usage": None} if usage else {})

    def last(self) -> dict:
        """The event that tells the usage."""
        frame = self.frame | {"object": self.chunk_kind, "choices": []}
        return frame | {"usage": self.job.usage}

    def opening(self) -> list[dict]:
        """What a stream begins with."""
        return []

    def delta(self, part: Part) -> dict:
        """A piece of the answer."""
        raise NotImplementedError

    def ending(self) -> dict:
        """What stands in the event with the finish reason."""
        raise NotImplementedError

    def _content(self, parts: list[Part]) -> dict:
        raise NotImplementedError

    def _scores(self, text: str) -> list[Token] | None:
        """The tokens of the next piece of text; None when nobody wants them."""
        if getattr(self.job, "logprobs", None) is None:
            return None
        self._place += len(text)
        return self.job.scores_before(self._place)


class ChatFormat(Format):
    """chat.completion and chat.completion.chunk."""

    prefix, kind, chunk_kind = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def __init__(self, job: Any, body: Asked):
        super().__init__(job, body)
        self._calls = 0

    def _content(self, parts: list[Part]) -> dict:
        text = text_of(parts)
        message: dict = {"role": "assistant", "content": text}
        if self.job.calls:
            message["content"] = text or None
            message["tool_calls"] = [call.as_openai() for call in self.job.calls]
        return {"message": message, "logprobs": self._logprobs(text)}

    def opening(self) -> list[dict]:
        """The role, as OpenAI's streams begin."""
        return [{"delta": {"role": "assistant", "content": ""}, "logprobs": None}]

    def delta(self, part: Part) -> dict:
        """A piece of text, or a whole call."""
        if isinstance(part, str):
            return {"delta": {"content": part}, "logprobs": self._logprobs(part)}
        call = {"index": self._calls} | part.as_openai()
        self._calls += 1
        return {"delta": {"tool_calls": [call]}, "logprobs": None}

    def ending(self) -> dict:
        """An empty delta."""
        return {"delta": {}, "logprobs": None}

    def _logprobs(self, text: str) -> dict | None:
        tokens = self._scores(text)
        if tokens is None:
            return None
        content = []
        for token in tokens:
            best = [self._entry(id, logprob) for id, logprob in token.top]
            content.append(self._entry(token.id, token.logprob) | {"top_logprobs": best})
        return {"content": content, "refusal": None}

    def _entry(self, id: int, logprob: float) -> dict:
        raw = self.job.bytes_of(id)
        return {"token": raw.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(raw)}


class TextFormat(Format):
    """text_completion, whole and in a stream."""

    prefix, kind, chunk_kind = "cmpl", "text_completion", "text_completion"

    def _content(self, parts: list[Part]) -> dict:
        return self.delta(text_of(parts))

    def delta(self, part: Part) -> dict:
        """A piece of text."""
        begin = self._place
        return {"text": part, "logprobs": self._logprobs(str(part), begin)}

    def ending(self) -> dict:
        """No text."""
        return {"text": "", "logprobs": None}

    def _logprobs(self, text: str, begin: int) -> dict | None:
        tokens = self._scores(text)
        if tokens is None:
            return None
        places = [begin]
        for token in tokens:
            places.append(places[-1] + len(token.text))
        return {
            "tokens": [self._name(token.id) for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [{self._name(id): value for id, value in t.top} for t in tokens],
            "text_offset": places[: len(tokens)],
        }

    def _name(self, id: int) -> str:
        return self.job.bytes_of(id).decode("utf-8", "replace")


async def events(
    shape: Format,
    first: Part,
    rest: AsyncIterator[Part],
    *,
    usage: bool,
    failed: Callable[[str], None],
) -> AsyncIterator[str]:
    """The answer as OpenAI's server-sent events, the last one [DONE], or an error.

    first: the first piece, "" when there is none; rest: those that follow; failed: is told the
    code of an error.
    """
    for delta in shape.opening():
        yield _event(shape.chunk(delta, usage=usage))
    try:
        async with contextlib.aclosing(rest):
            if first:
                yield _event(shape.chunk(shape.delta(first), usage=usage))
            async for part in rest:
                yield _event(shape.chunk(shape.delta(part), usage=usage))
    except ApiError as error:
        # The status line is sent: the stream itself must say how it ended.
        failed(error.code or "")
        yield _event(error.body)
        return
    except Exception:
        log.exception("a streamed answer failed")
        failed("internal_error")
        yield _event(errors.body(errors.INTERNAL, 500, None, "internal_error"))
        return
    yield _event(shape.chunk(shape.ending(), usage=usage, finish=shape.job.finish_reason))
    if usage:
        yield _event(shape.last())
    yield "data: [DONE]\n\n"


def _event(data: dict) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"

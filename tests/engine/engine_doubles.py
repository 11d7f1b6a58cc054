"""Models whose choice of tokens is replaced, and a server to put them behind.

Where an answer must have a certain form (a tool call, a failure, a slow one), these replace the
choice of tokens and nothing else.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import httpx

from workbook.engine import LocalModel, Token


class Scripted(LocalModel):
    """Writes `script` (special tokens spelled out) in place of the model's own choice."""

    script = ""

    def stream(self, prompt_ids, **options) -> Iterator[Token]:
        self.seen = prompt_ids
        ids = self._tokenizer.encode(self.script, add_special_tokens=False).ids
        ids = ids[: options["max_tokens"]]
        for id in ids:
            special = id in self.special_ids
            yield Token(id, "" if special else self._tokenizer.decode([id]))


class Spelled(Scripted):
    """Writes `script` letter by letter, each a token of its own."""

    def stream(self, prompt_ids, **options) -> Iterator[Token]:
        for letter in self.script[: options["max_tokens"]]:
            yield Token(self._tokenizer.encode(letter, add_special_tokens=False).ids[0], letter)


class Slow(LocalModel):
    """Takes at least 2 ms a token, and counts tokens and streams, those that are open too."""

    tokens = 0
    streams = 0
    open = 0

    def stream(self, prompt_ids, **options) -> Iterator[Token]:
        self.open += 1
        try:
            with contextlib.closing(super().stream(prompt_ids, **options)) as stream:
                for number, token in enumerate(stream):
                    self.streams += number == 0
                    self.tokens += 1
                    time.sleep(0.002)
                    yield token
        finally:
            self.open -= 1

    @property
    def busy(self) -> bool:
        return self.open > 0


class Broken(LocalModel):
    """Fails at the third token."""

    def stream(self, prompt_ids, **options) -> Iterator[Token]:
        for number, token in enumerate(super().stream(prompt_ids, **options)):
            if number == 2:
                raise RuntimeError("out of luck")
            yield token


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/health").status_code == 200
    return False


def unlucky(step: Callable, rows: int) -> Callable:
    """A decoder's `step` that fails when so many rows are computed together."""

    def fails(tokens, lengths):
        if len(tokens) == rows:
            raise RuntimeError("out of luck")
        return step(tokens, lengths)

    return fails

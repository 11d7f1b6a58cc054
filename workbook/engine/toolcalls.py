"""From generated tokens to what a client sees: text and tool calls.

Phi-4-mini writes a call as `<|tool_call|>[{"name": ..., "arguments": {...}}]<|/tool_call|>`. It
often leaves out the closing token, and the list's brackets around several calls; both are read.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workbook.models import chat


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for. `arguments` is a JSON object as text, as OpenAI sends it."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}", compare=False)

    def as_openai(self) -> dict:
        """The call in the shape of an OpenAI message."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


def parse(body: str) -> list[ToolCall]:
    """The calls in the text between the tool-call tokens; empty when it is not a list of calls."""
    return [
        ToolCall(call["name"], json.dumps(call["arguments"], ensure_ascii=False))
        for call in chat.read_tool_calls(body)
    ]


def split(
    pieces: Iterable[tuple[int, str]], opening: int | None, closing: int | None
) -> Iterator[str | ToolCall]:
    """Text and calls, in order, from (token id, text) pairs.

    opening, closing: the ids of the tool-call tokens, or None to read everything as text. What
    stands between them and is not a list of calls comes out as text: nothing is lost.
    """
    body: str | None = None  # the text since an opening token
    for token, text in pieces:
        if body is not None:
            body += text
        elif text:
            yield text
        if token in (opening, closing):
            yield from _flush(body)
            body = "" if token == opening else None
    yield from _flush(body)


def _flush(body: str | None) -> Iterator[str | ToolCall]:
    if body:
        yield from parse(body) or [body]

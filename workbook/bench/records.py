"""What one request of a load leaves: a record, one line of JSON in a file.

All times are seconds on the client's `time.perf_counter`, counted from the begin of the phase
(warm-up or measured) that the request belongs to.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

REFUSALS = (429, 503)
"""HTTP statuses with which a server says "not now": counted apart from errors."""

STATUSES = ("ok", "refused", "error", "broken", "timeout", "interrupted")
"""How a request can end: answered whole; refused with one of REFUSALS; another HTTP status, an
error event, or no connection; a stream that stopped before its end; not finished in time; cut off
because the run was interrupted."""


@dataclass(frozen=True)
class Record:
    """One request.

    `due`: when it should be sent, by the schedule of an open loop; in a closed loop the same as
    `sent`. `event`: the first chunk, with text or without; `first`: the first chunk with text;
    `last`: the last chunk of the answer (text or the reason for its end, not the usage); each
    None where there was none. `end`: the stream's end. `chunks`: when each chunk with text
    arrived. Token counts are the server's own, from usage, None where it gave none.
    """

    status: str
    due: float
    sent: float
    end: float
    event: float | None = None
    first: float | None = None
    last: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    http: int | None = None
    finish: str = ""
    message: str = ""
    chunks: list[float] = field(default_factory=list)
    index: int = 0
    warmup: bool = False
    runtime: str = ""
    round: int = 0
    loop: str = "closed"
    level: float = 1

    @property
    def ok(self) -> bool:
        """Whether the answer came whole."""
        return self.status == "ok"

    @property
    def ttft(self) -> float | None:
        """Seconds to the first token: from when the request was due."""
        return None if self.first is None else self.first - self.due

    @property
    def e2e(self) -> float | None:
        """Seconds to the last token: from when the request was due."""
        return None if self.last is None else self.last - self.due

    @property
    def tpot(self) -> float | None:
        """Seconds a token after the first; None below two tokens, or where none were counted."""
        if self.ttft is None or self.e2e is None or (self.output_tokens or 0) < 2:
            return None
        return (self.e2e - self.ttft) / (self.output_tokens - 1)

    @property
    def itl(self) -> list[float]:
        """Seconds between chunks with text."""
        pairs = zip(self.chunks, self.chunks[1:], strict=False)
        return [later - earlier for earlier, later in pairs]

    def line(self) -> str:
        """The record as one line of JSON."""
        return json.dumps(
            {
                key: [round(x, 6) for x in value]
                if isinstance(value, list)
                else round(value, 6)
                if isinstance(value, float)
                else value
                for key, value in asdict(self).items()
            },
            ensure_ascii=False,
        )


def read(file: Path) -> list[Record]:
    """The records of a file; a line that an interruption cut off is left out."""
    return [Record(**row) for row in rows(file)]


def rows(file: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line; a last line without its end is left out."""
    if not file.exists():
        return []
    *whole, _ = file.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in whole]


# ---------------------------------------------------------------- reading a stream


def events(pieces: Iterable[tuple[float, bytes]]) -> list[tuple[float, str]]:
    """(time, data) of the server-sent events in what was read from the network.

    pieces: (time, bytes) of each read. An event's time is that of the read that completed it.
    """
    found: list[tuple[float, str]] = []
    data: list[str] = []
    rest, time = b"", 0.0

    def end() -> None:
        if data:
            found.append((time, "\n".join(data)))
            data.clear()

    for time, piece in pieces:  # noqa: B007 (end() uses it)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if not line:
                end()
            elif line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))
    if rest.startswith(b"data:"):  # some servers end without a line break
        data.append(rest[5:].removeprefix(b" ").decode("utf-8", "replace"))
    end()
    return found


def answer(pieces: Iterable[tuple[float, bytes]]) -> dict[str, Any]:
    """The fields of a Record that a streamed answer gives, `status` among them."""
    found: dict[str, Any] = {"status": "broken", "message": "", "chunks": []}
    for time, data in events(pieces):
        if data == "[DONE]":
            found["status"] = "ok" if found["status"] == "broken" else found["status"]
            continue
        try:
            chunk = json.loads(data)
        except ValueError:
            return found | {"status": "error", "message": f"not JSON: {data[:200]}"}
        if error := chunk.get("error"):
            found |= {"status": "error", "message": json.dumps(error, ensure_ascii=False)[:300]}
            continue
        _read(chunk, time, found)
    if found["status"] == "broken" and found.get("finish"):
        found["status"] = "ok"  # an answer that is whole, from a server that says no [DONE]
    if found["status"] == "broken":
        found["message"] = "the stream ended before the answer did"
    return found


def _read(chunk: dict[str, Any], time: float, found: dict[str, Any]) -> None:
    if usage := chunk.get("usage"):
        found["prompt_tokens"] = usage.get("prompt_tokens")
        found["output_tokens"] = usage.get("completion_tokens")
    choices = chunk.get("choices")
    if not choices:
        return
    found.setdefault("event", time)
    found["last"] = time
    delta = choices[0].get("delta") or {}
    if any(delta.get(key) for key in ("content", "reasoning", "reasoning_content", "tool_calls")):
        found.setdefault("first", time)
        found["chunks"].append(time)
    if finish := choices[0].get("finish_reason"):
        found["finish"] = finish

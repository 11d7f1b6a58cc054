"""What arrives over HTTP, checked one field at a time. The error texts are those of Ollama's
server (written in Go), so that a lesson about them holds for both."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

FOREVER = timedelta(microseconds=(2**63 - 1) // 1000)
"""What Ollama takes a negative duration for: the longest one that it can write down."""

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_TYPES = {
    str: "string", dict: "object", list: "array", bool: "bool", int: "number", float: "number",
}  # fmt: skip


class ApiError(Exception):
    """A request that cannot be served: an HTTP status and a sentence."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Body:
    """A request's JSON object. Unknown fields are ignored, as Ollama does; null counts as not
    given. Every reader raises ApiError(400) for a value of another type."""

    def __init__(self, kind: str, fields: dict[str, Any]):
        self.kind, self.fields = kind, fields

    @classmethod
    def read(cls, kind: str, raw: bytes) -> "Body":
        """The object in a request's body; `kind` names it in error messages."""
        if not raw.strip():
            raise ApiError(400, "missing request body")
        try:
            fields = json.loads(raw, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"the request body is not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise ApiError(400, _wrong(fields, kind, "object"))
        return cls(kind, _whole_characters(fields))

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        return self._get(name, str, "string", default)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return self._get(name, bool, "bool", default)

    def object(self, name: str) -> dict[str, Any]:
        """A JSON object, empty when it is not given."""
        return self._get(name, dict, "object", {})

    def array(self, name: str) -> list[Any]:
        """A JSON array, empty when it is not given."""
        return self._get(name, list, "array", [])

    def objects(self, name: str) -> list["Body"]:
        """An array of objects."""
        items = self.array(name)
        for item in items:
            if not isinstance(item, dict):
                raise ApiError(400, _wrong(item, f"{self.kind}.{name}", "object"))
        return [Body(f"{self.kind}.{name}", item) for item in items]

    def texts(self, name: str) -> list[str]:
        """An array of strings."""
        items = self.array(name)
        for item in items:
            if not isinstance(item, str):
                raise ApiError(400, _wrong(item, f"{self.kind}.{name}", "string"))
        return items

    def duration(self, name: str) -> timedelta | None:
        """A time: seconds as a number, or a Go duration such as "5m"; None when not given."""
        value = self.fields.get(name)
        return None if value is None else duration(value)

    def model(self) -> str:
        """The model's name; some old clients send it as `name`."""
        return self.text("model") or self.text("name")

    def _get(self, name: str, kind: type, word: str, default: Any) -> Any:
        value = self.fields.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise ApiError(400, _wrong(value, f"{self.kind}.{name}", word))
        return value


def _wrong(value: object, field: str, word: str) -> str:
    found = _TYPES.get(type(value), "null")
    return f"json: cannot unmarshal {found} into Go struct field {field} of type {word}"


def _whole_characters(fields: dict[str, Any]) -> dict[str, Any]:
    # JSON may hold half of a surrogate pair, which no other text may: it becomes a question mark.
    text = json.dumps(fields, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return fields


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON value")


def duration(value: object) -> timedelta:
    """A keep_alive: a number of seconds or a text such as "5m" or "1h30m"; below 0 is FOREVER.

    Raises ApiError(400) for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ApiError(400, f"Unsupported type: '{_TYPES.get(type(value), 'null')}'")
    seconds = _seconds(value) if isinstance(value, str) else float(value)
    if seconds < 0 or seconds > FOREVER.total_seconds():
        return FOREVER
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float:
    sign, plain = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if plain == "0":
        return 0.0
    if not _DURATION.fullmatch(plain):
        bare = re.fullmatch(r"\d+\.?\d*|\.\d+", plain)
        problem = "missing unit in" if bare else "invalid"
        raise ApiError(400, f'time: {problem} duration "{text}"')
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", plain)
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


def stamp(moment: datetime | None = None) -> str:
    """A moment (now, when left out) as Ollama writes it."""
    return (moment or datetime.now(UTC)).isoformat().replace("+00:00", "Z")


def nanoseconds(seconds: float) -> int:
    """Seconds as whole nanoseconds, the unit of every duration in an answer."""
    return round(seconds * 1e9)

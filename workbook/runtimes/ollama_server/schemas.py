"""JSON schemas for structured answers: checked, and made to mean here what they mean to Ollama."""

import json
import re
from collections.abc import Iterator
from typing import Any

from workbook.runtimes.ollama_server.values import ApiError

TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")

PLAIN = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""How JSON is spaced. Where any white space is allowed, a small model may write nothing else."""

PARTS = ("properties", "$defs", "definitions")
"""Keywords that hold schemas by name: a property may be called `type` or `pattern`."""


def read(value: object) -> dict[str, Any] | None:
    """The schema of a request's `format`: nothing, "json" or a schema. Raises ApiError(400)."""
    if value in (None, ""):
        return None
    if value == "json":
        return {"type": "object", "x-guidance": PLAIN}
    if not isinstance(value, dict):
        found = json.dumps(value)
        raise ApiError(
            400, f'invalid format: {found}; expected "json" or a valid JSON Schema object'
        )
    # llama.cpp takes a schema that it cannot read, and then lets the model write anything.
    for part in _schemas(value):
        _check(part, value)
    return _closed(value) | {"x-guidance": PLAIN}


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """A schema and the schemas in it."""
    if isinstance(value, list):
        for item in value:
            yield from _schemas(item)
    elif isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key in PARTS and isinstance(item, dict):
                yield from _schemas(list(item.values()))
            elif key not in ("enum", "const", "default", "examples"):
                yield from _schemas(item)


def _check(schema: dict[str, Any], root: dict[str, Any]) -> None:
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            raise _invalid(f"{json.dumps(kind)} is not a type")
    if "pattern" in schema:
        try:
            re.compile(schema["pattern"])
        except (re.error, TypeError) as error:
            raise _invalid(f"the pattern cannot be read ({error})") from None
    if "$ref" in schema and not _leads_somewhere(schema["$ref"], root):
        raise _invalid(f"{json.dumps(schema['$ref'])} leads nowhere")


def _leads_somewhere(reference: object, root: Any) -> bool:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return False
    for key in reference.lstrip("#").strip("/").split("/"):
        if key:
            root = root.get(key) if isinstance(root, dict) else None
    return isinstance(root, dict)


def _invalid(why: str) -> ApiError:
    return ApiError(400, f"invalid JSON schema in format: {why}")


def _closed(value: Any) -> Any:
    """The schema with no further properties where it does not speak of them: so the llama.cpp
    that Ollama runs reads it, and the one in this process would allow any."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _closed(item) for key, item in value.items()}
    if isinstance(value.get("properties"), dict) and "type" in value:
        made.setdefault("additionalProperties", False)
    return made

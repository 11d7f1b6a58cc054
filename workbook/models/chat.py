"""From messages to the text that a model reads.

Phi-4-mini's own template ignores the `tools` that an OpenAI client sends (it looks for them
inside the system message only), so the course brings a template that shows them to the model.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

TOOL_CALL, TOOL_CALL_END = "<|tool_call|>", "<|/tool_call|>"
TOOL_TEMPLATE = (Path(__file__).parent / "phi4mini_tools.jinja").read_text(encoding="utf-8")
"""Phi-4-mini's chat format with tools, tool calls and tool results."""


GUARD = "\ue000"
"""A character of private use: it cuts a special token's text in two (see `guarded`)."""


def guarded(value: Any, special: Iterable[str]) -> Any:
    """The same messages, tools or text, with a GUARD inside every special token's text.

    A server renders the guarded messages and encodes the pieces between the guards one by one.
    Then a `<|end|>` or `<|system|>` that somebody types reaches the model as plain characters:
    only the template can write the tokens that divide a conversation.
    """
    if isinstance(value, dict):
        return {guarded(k, special): guarded(v, special) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [guarded(item, special) for item in value]
    if not isinstance(value, str):
        return value
    value = value.replace(GUARD, "")
    for token in special:
        value = value.replace(token, f"{token[0]}{GUARD}{token[1:]}")
    return value


def render(
    messages: list[dict],
    tools: list[dict] | None = None,
    *,
    add_generation_prompt: bool = True,
    template: str = TOOL_TEMPLATE,
) -> str:
    """The prompt text for OpenAI-shaped messages and tools, special tokens included.

    Raises jinja2.TemplateError when the template refuses the messages.
    """
    return _compiled(template).render(
        messages=messages, tools=tools, add_generation_prompt=add_generation_prompt
    )


@cache
def _compiled(template: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    # Plain JSON, as transformers renders it: Jinja's own filter escapes for HTML.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(template)


def read_tool_calls(body: str) -> list[dict]:
    """The calls in the text between the tool-call tokens, each {"name": str, "arguments": dict};
    empty when it is not a list of calls.

    Phi-4-mini often leaves out the list's brackets around several calls; that is read too.
    """
    for text in (body, f"[{body}]"):
        try:
            found = json.loads(text, strict=False)  # code has line breaks in strings
        except ValueError:
            continue
        calls = found if isinstance(found, list) else [found]
        if calls and all(_is_call(call) for call in calls):
            return [{"name": c["name"], "arguments": c["arguments"]} for c in calls]
    return []


def split_tool_calls(raw: str) -> tuple[str, list[dict]]:
    """(text, tool calls) of what a model wrote, special tokens included. What stands between the
    tool-call tokens and is not a list of calls stays in the text: nothing is lost."""
    before, _, rest = raw.partition(TOOL_CALL)
    for body, after in (_whole_json(rest), rest.partition(TOOL_CALL_END)[::2]):
        if calls := read_tool_calls(_plain(body)):
            return _plain(before + after), calls
    return _plain(raw), []


def _whole_json(rest: str) -> tuple[str, str]:
    """(the JSON that a text begins with, what follows its closing token): a text in an argument
    may hold the closing token itself."""
    begin = len(rest) - len(rest.lstrip())
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(rest, begin)
    except ValueError:
        return "", rest
    after = rest[end:].lstrip()
    closed = not after or after.startswith((TOOL_CALL_END, "<|end|>", "<|endoftext|>"))
    return (rest[:end], after.removeprefix(TOOL_CALL_END)) if closed else ("", rest)


def calls_schema(tools: list[dict], most: int = 4, room: int = 512) -> dict[str, Any]:
    """The JSON Schema of a list of one to `most` calls of these tools, each {"name", "arguments"}.

    tools: OpenAI-shaped, or the functions alone. An argument that a function does not name is not
    allowed, unless its own schema says `additionalProperties`. room: tokens of the whole answer.
    A text or a list whose schema sets no limit is given one, so that all of them together fit (a
    token a character, at worst, and one for two characters of what is fixed): a model that has
    lost its way may never end a text by itself. Where the room is short there are fewer calls.
    """
    functions = [tool.get("function", tool) for tool in tools]
    schemas = [function.get("parameters") or {} for function in functions]
    endless = max(sum(json.dumps(s).count(f'"{kind}"') for kind in _LIMITS) for s in schemas)
    fixed = max(_fixed(f["name"], s) for f, s in zip(functions, schemas, strict=True))
    most = max(1, min(most, room // (fixed + _SHORTEST * endless)))
    longest = max(_SHORTEST, (room - most * fixed) // (most * max(1, endless)))
    calls = [_call_schema(f["name"], s, longest) for f, s in zip(functions, schemas, strict=True)]
    return {"type": "array", "minItems": 1, "maxItems": most, "items": {"anyOf": calls}}


def _call_schema(name: str, parameters: dict, longest: int) -> dict[str, Any]:
    arguments = {"type": "object", "properties": {}, "additionalProperties": False} | parameters
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": _limited(arguments, longest)},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _fixed(name: str, parameters: dict) -> int:
    """About how many tokens a call takes besides its values."""
    call = {"name": name, "arguments": dict.fromkeys(parameters.get("properties") or {}, 0)}
    return len(json.dumps(call)) // 2 + 1


_SHORTEST = 16
"""Characters that every text may have, however short the room."""

_LIMITS = {"string": "maxLength", "array": "maxItems"}
"""What limits a type."""


def _limited(schema: Any, longest: int, named: bool = False) -> Any:
    # `named`: these keys are names of properties, and one may well be called type.
    if isinstance(schema, list):
        return [_limited(item, longest) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if named:
        return {key: _limited(value, longest) for key, value in schema.items()}
    if {"enum", "const"} & schema.keys():
        return schema
    kind = schema.get("type")
    inner = min(longest, _SHORTEST) if kind == "array" else longest
    made = {
        key: _limited(value, inner, named=key in ("properties", "$defs"))
        for key, value in schema.items()
    }
    if isinstance(kind, str) and kind in _LIMITS and not {"pattern", "format"} & schema.keys():
        texts = '"string"' in json.dumps(schema.get("items", {}))
        size = {"string": 1, "array": _SHORTEST if texts else 4}[kind]
        made.setdefault(_LIMITS[kind], max(1, longest // size))
    return made


def _is_call(call: object) -> bool:
    return (
        isinstance(call, dict)
        and isinstance(call.get("name"), str)
        and isinstance(call.get("arguments"), dict)
    )


def _plain(text: str) -> str:
    return text.replace("<|end|>", "").replace("<|endoftext|>", "").strip()

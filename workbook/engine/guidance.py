"""Constrained decoding: at every step only those tokens that keep the answer in a given form.

ONNX Runtime GenAI carries LLGuidance, which reads JSON Schema and a dialect of Lark grammars. A
forced function call is a grammar of the model's own form, special tokens included:
`<|tool_call|>[{"name": ..., "arguments": {...}}]<|/tool_call|>`.
"""

import json
from dataclasses import dataclass
from typing import Any

from workbook.engine.errors import ApiError
from workbook.engine.schemas import ChatRequest
from workbook.models import chat

FORM = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON as Python writes it, which is how the model learned it. Free white space would let a small
model write blanks for ever."""

MOST_CALLS = 4


@dataclass(frozen=True)
class Guidance:
    """What an answer must look like: `kind` is json_schema or lark_grammar, as GenAI calls it."""

    kind: str
    data: str


def asked_for(body: ChatRequest) -> Guidance | None:
    """What a request wants, None when the model is free. Raises ApiError when it wants something
    that cannot be."""
    forced = _forced_tools(body)
    wanted = body.response_format
    schema = None
    if wanted and wanted.type != "text":
        schema = wanted.json_schema.body if wanted.json_schema else {"type": "object"}
    if forced and schema is not None:
        message = "An answer is either a forced call or in a response_format: leave one out."
        raise ApiError(400, message, param="tool_choice")
    if forced:
        schema = chat.calls_schema(forced, MOST_CALLS, room=body.tokens)
        calls = json.dumps(schema | {"x-guidance": FORM})
        form = f"start: {chat.TOOL_CALL} calls {chat.TOOL_CALL_END}\ncalls: %json {calls}"
        return Guidance("lark_grammar", form)
    if schema is not None:
        return Guidance("json_schema", json.dumps({"x-guidance": FORM} | schema))
    return None


def _forced_tools(body: ChatRequest) -> list[dict]:
    """The tools of which one must be called; none when the model decides."""
    choice, tools = body.tool_choice, body.offered_tools or []
    if choice in ("auto", "none", None):
        return []
    if choice == "required" and tools:
        return tools
    name = _name(choice)
    named = [tool for tool in tools if tool["function"]["name"] == name]
    if not named:
        raise ApiError(
            400,
            f"This engine cannot do what tool_choice says ({json.dumps(choice)[:60]}): send "
            f'"auto", "none", or "required" or {{"type": "function", "function": {{"name": ...}}}} '
            f"with that function in tools.",
            param="tool_choice",
        )
    return named


def _name(choice: Any) -> str | None:
    function = choice.get("function") if isinstance(choice, dict) else None
    return function.get("name") if isinstance(function, dict) else None

"""Messages, tools and tool calls: from Ollama's shape to the chat template's, and back."""

import json
from typing import Any

from workbook.engine.toolcalls import ToolCall
from workbook.runtimes.ollama_server.values import ApiError, Body

ROLES = ("system", "user", "assistant", "tool")


def from_ollama(message: Body) -> dict[str, Any]:
    """A message as the chat template reads it. Raises ApiError(400) for an unknown role."""
    role = message.text("role").lower()
    if role not in ROLES:
        raise ApiError(400, f'invalid role "{role}": it must be one of {", ".join(ROLES)}')
    calls = [_earlier(Body("ToolCall", call.object("function")), object)
             for call in message.objects("tool_calls")]  # fmt: skip
    return {"role": role, "content": message.text("content"), "tool_calls": calls}


def from_openai(message: Body) -> dict[str, Any]:
    """The same for OpenAI's shape: content may be a list of texts, arguments are JSON text."""
    role = message.text("role").lower()
    role = "system" if role == "developer" else role
    if role not in ROLES:
        raise ApiError(400, f'invalid role "{role}": it must be one of {", ".join(ROLES)}')
    calls = [_earlier(Body("ToolCall", call.object("function")), str)
             for call in message.objects("tool_calls")]  # fmt: skip
    content = message.fields.get("content")
    if isinstance(content, list):
        content = "".join(_text_part(part) for part in message.objects("content"))
    elif content is None and calls:
        content = ""
    elif not isinstance(content, str):
        raise ApiError(400, f"invalid message content type: {type(content).__name__}")
    return {"role": role, "content": content, "tool_calls": calls}


def _text_part(part: Body) -> str:
    if part.text("type") != "text":
        raise ApiError(400, "this stand-in reads text only: send content of the type text")
    return part.text("text")


def _earlier(function: Body, kind: type) -> dict[str, Any]:
    """A tool call of an earlier answer. Ollama sends its arguments as an object, OpenAI as text."""
    found = function.text("arguments") if kind is str else function.object("arguments")
    return {"function": {"name": function.text("name"), "arguments": found}}


def tool(item: Body) -> dict[str, Any]:
    """A tool, with its fields in the order that the model was trained on."""
    function = Body("ToolFunction", item.object("function"))
    if not function.text("name"):
        raise ApiError(400, "a tool needs a function with a name")
    shown: dict[str, Any] = {"name": function.text("name")}
    if function.text("description"):
        shown["description"] = function.text("description")
    if function.object("parameters"):
        shown["parameters"] = function.object("parameters")
    return {"type": "function", "function": shown}


def as_ollama(call: ToolCall, index: int) -> dict[str, Any]:
    """A call that the model asks for; its arguments are an object."""
    function = {"index": index, "name": call.name, "arguments": json.loads(call.arguments)}
    return {"id": call.id, "function": function}

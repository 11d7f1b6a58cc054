"""From messages to the token ids that the model reads."""

import re
import secrets
from typing import Any

import jinja2

from workbook.models import chat
from workbook.runtimes.ollama_server.llama import TOO_LONG, Llama
from workbook.runtimes.ollama_server.values import ApiError

CONTROL = re.compile(r"(<\|/?[A-Za-z_0-9]+\|>)")
"""How Phi-4-mini's control tokens are written."""


async def encode(llama: Llama, messages: list[dict], tools: list[dict]) -> list[int]:
    """The prompt of messages and tools (in OpenAI's shape), through the chat template.

    Only the template's own control tokens are control tokens. Those that somebody wrote into a
    message are the characters that they look like: a user cannot end the system message.
    Raises ApiError(400) when the template refuses the messages.
    """
    # Something that nobody else can have written keeps them apart until they are tokens.
    mark = f"\ue000{secrets.token_hex(8)}\ue001"
    try:
        text = chat.render(_spoiled(messages, mark), _spoiled(tools, mark) or None)
    except (jinja2.TemplateError, TypeError) as error:
        raise ApiError(400, f"the chat template refuses the messages: {error}") from None
    ids: list[int] = []
    for part in CONTROL.split(text):
        if part:
            control = bool(CONTROL.fullmatch(part))
            ids += await llama.tokenize(part.replace(mark, ""), special=control)
    return ids


def _spoiled(value: Any, mark: str) -> Any:
    """The same value with `<|` broken up in every string."""
    if isinstance(value, str):
        return value.replace("<|", f"<{mark}|")
    if isinstance(value, dict):
        return {_spoiled(key, mark): _spoiled(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_spoiled(item, mark) for item in value]
    return value


async def fitting(
    llama: Llama, messages: list[dict], tools: list[dict], *, truncate: bool
) -> list[int]:
    """The prompt, without the oldest messages when it does not fit into the context. System
    messages and the last message always stay.

    truncate: whether messages may be left out. Raises ApiError(400) when it does not fit.
    """
    limit = llama.setting.context - 1  # one token is the least that an answer has
    for start in range(len(messages) if truncate else 1):
        system = [m for m in messages[:start] if m["role"] == "system"]
        ids = await encode(llama, system + messages[start:], tools)
        if len(ids) <= limit:
            return ids
    raise ApiError(400, TOO_LONG)

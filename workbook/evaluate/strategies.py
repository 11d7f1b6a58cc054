"""How to get function calls out of a runtime: ask and parse, or force them to be valid.

| strategy | what is sent | who reads the calls | can force a call |
| --- | --- | --- | --- |
| auto | `tools` | the server's parser | no: the model decides |
| required | `tools`, `tool_choice: "required"` | the server, from a grammar | yes |
| json_schema | `tools`, `response_format` with a schema | this module, from the text | yes |

A forced call always fits its schema, if there is room to end it. Whether its values are right is
another matter: force a call only where one is wanted.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from workbook.errors import CourseError
from workbook.evaluate import calls as call_checks
from workbook.models import chat

NAMES = ("auto", "required", "json_schema")

FORCING = {
    "engine": "required",
    "vllm": "required",
    "llamacpp": "json_schema",
    "ollama": "json_schema",
}
"""The strategy that forces valid calls, by runtime. llama.cpp takes `tool_choice: "required"` and
does not keep to it for this chat format. With its schema an answer may begin with blanks and a
```json fence, which it takes off again: the calls are valid all the same, but a small model that
begins so finds the right one less often. Ollama ignores `tool_choice`; Foundry Local's server can
force nothing."""


@dataclass(frozen=True)
class Asked:
    """What a model answered: its text, and its calls in OpenAI's shape, with an id each."""

    text: str
    tool_calls: list[dict]


def forcing(runtime: str) -> str:
    """The strategy that forces valid calls on a runtime. Raises CourseError where there is
    none."""
    if runtime not in FORCING:
        raise CourseError(
            f"The runtime {runtime} cannot force a function call: use one of "
            f"{', '.join(FORCING)}, or let the model decide (auto)."
        )
    return FORCING[runtime]


def request(
    strategy: str, tools: list[dict], *, most_calls: int = 4, max_tokens: int = 512
) -> dict[str, Any]:
    """The fields of a chat request that offer tools. Raises CourseError for an unknown strategy.

    With json_schema: most_calls is how many calls there may be, max_tokens how long the answer.
    """
    if strategy not in NAMES:
        raise CourseError(
            f"There is no strategy {strategy!r} for function calls: choose one of "
            f"{', '.join(NAMES)}."
        )
    if not tools:
        return {}
    fields: dict[str, Any] = {"tools": call_checks.as_openai(tools)}
    if strategy == "required":
        fields["tool_choice"] = "required"
    if strategy == "json_schema":
        calls = chat.calls_schema(tools, most_calls, max_tokens)
        form = {"name": "calls", "strict": True, "schema": calls}
        fields["response_format"] = {"type": "json_schema", "json_schema": form}
    return fields


def read(message: dict[str, Any], tools: list[dict]) -> Asked:
    """The text and the calls of an answer's message, however the server gives them.

    Calls that stand in the text are read too: a JSON list of calls (json_schema), Phi-4-mini's own
    `<|tool_call|>[...]`, and `functools[...]`, which vLLM's template teaches. Only lists of calls
    are taken; every other text stays text. Without tools nothing is read.
    """
    text, made = message.get("content") or "", list(message.get("tool_calls") or [])
    if made or not tools:
        return Asked(text, made)
    for read_text in (_listed, chat.split_tool_calls, _functools):
        rest, found = read_text(text)
        if found:
            return Asked(rest, [_openai(call, i) for i, call in enumerate(found)])
    return Asked(text, [])


def _listed(text: str) -> tuple[str, list[dict]]:
    return ("", chat.read_tool_calls(text)) if text.lstrip().startswith("[") else (text, [])


def _functools(text: str) -> tuple[str, list[dict]]:
    found = re.search(r"functools\s*(?=\[)", text)
    if not found:
        return text, []
    try:
        # Not a regular expression: an argument may hold a list.
        body, end = json.JSONDecoder(strict=False).raw_decode(text, found.end())
    except ValueError:
        return text, []
    return text[: found.start()] + text[end:], chat.read_tool_calls(json.dumps(body))


def _openai(call: dict, index: int) -> dict:
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    function = {"name": call["name"], "arguments": arguments}
    return {"id": f"call_{index}", "type": "function", "function": function}

"""A tool parser for vLLM that reads Phi-4-mini's own format, streamed or not.

`<|tool_call|>[{"name": ..., "arguments": {...}}]<|/tool_call|>` becomes tool calls; what stands
between the tokens and is no list of calls stays text, so that nothing is lost. A missing closing
token and missing brackets around several calls are read too, because the model leaves them out.

vLLM loads this file by its path (`--tool-parser-plugin FILE --tool-call-parser phi4_mini_native`),
also inside a container: it needs vLLM and nothing of the course.
"""

import json
import re
from collections.abc import Iterator, Sequence

from vllm.entrypoints.generate.base.protocol import (
    DeltaFunctionCall,
    DeltaMessage,
    DeltaToolCall,
    ExtractedToolCallInformation,
    FunctionCall,
    ToolCall,
)
from vllm.renderers.chat_utils import make_tool_call_id
from vllm.sampling_params import StructuredOutputsParams
from vllm.tool_parsers.abstract_tool_parser import ToolParser, ToolParserManager

NAME = "phi4_mini_native"
OPENING, CLOSING = "<|tool_call|>", "<|/tool_call|>"
ENDS = ("<|end|>", "<|endoftext|>")
MOST_CALLS = 4
"""Calls in one forced answer, at most."""

ROOM = 512
"""Tokens of an answer, where a request does not say."""

SHORTEST = 16
"""Characters that every text may have, however short the answer."""

LIMITS = {"string": "maxLength", "array": "maxItems"}
"""What limits a type."""


def read_calls(body: str) -> list[dict]:
    """The calls in the text between the tokens; empty when it is not a list of calls."""
    for text in (body, f"[{body}]"):
        try:
            found = json.loads(_plain(text), strict=False)  # code has line breaks in strings
        except ValueError:
            continue
        calls = found if isinstance(found, list) else [found]
        if calls and all(map(_is_call, calls)):
            return calls
    return []


def _is_call(call: object) -> bool:
    return (
        isinstance(call, dict)
        and isinstance(call.get("name"), str)
        and isinstance(call.get("arguments"), dict)
    )


def _plain(text: str) -> str:
    for end in ENDS:
        text = text.replace(end, "")
    return text


class Splitter:
    """Cuts a growing answer into text (str) and calls (dict), each given out as soon as it is
    certain what it is."""

    def __init__(self) -> None:
        self.held = ""
        self.in_call = False

    def feed(self, text: str) -> Iterator[str | dict]:
        """What the next piece of the answer makes certain."""
        self.held += text
        while (place := self._mark()) >= 0:
            yield from self._cut(place)
        if not self.in_call:
            cut = len(self.held) - _started(self.held)
            ready, self.held = self.held[:cut], self.held[cut:]
            yield from _text(ready)

    def finish(self) -> Iterator[str | dict]:
        """What is left when the answer ends."""
        while self.in_call and CLOSING in self.held:  # a text in it never ended: no call
            yield from self._cut(self.held.index(CLOSING))
            yield from self.feed("")
        yield from self._calls(self.held) if self.in_call else _text(self.held)
        self.held, self.in_call = "", False

    def _mark(self) -> int:
        """Where the next token begins that opens a call or closes it, -1 where there is none. A
        closing token inside an argument's text is text."""
        if not self.in_call:
            return self.held.find(OPENING)
        place = self.held.find(CLOSING)
        while place >= 0 and _in_text(self.held[:place]):
            place = self.held.find(CLOSING, place + 1)
        return place

    def _cut(self, place: int) -> Iterator[str | dict]:
        mark = CLOSING if self.in_call else OPENING
        before, self.held = self.held[:place], self.held[place + len(mark) :]
        self.in_call = not self.in_call
        yield from _text(before) if self.in_call else self._calls(before + mark)

    def _calls(self, body: str) -> Iterator[str | dict]:
        yield from read_calls(body.removesuffix(CLOSING)) or _text(OPENING + body)


def _in_text(json_part: str) -> bool:
    """Whether the beginning of some JSON ends inside a text."""
    quotes = [quote for quote in re.findall(r'\\.|(")', json_part, re.S) if quote]
    return len(quotes) % 2 == 1


def _text(text: str) -> Iterator[str]:
    if plain := _plain(text):
        yield plain


def _started(text: str) -> int:
    """How many characters at the end of `text` may be the start of the opening token."""
    sizes = range(min(len(OPENING) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(OPENING[:size])), 0)


class Phi4MiniNativeToolParser(ToolParser):
    """The parser that vLLM makes for each request."""

    # vLLM's own way to force a call asks for another format, which the model was not trained on.
    supports_required_and_named = False
    # vLLM then hands over the pieces as they come, and calls finish_streaming at the end.
    engine_based_streaming = True

    def __init__(self, tokenizer, tools=None):
        super().__init__(tokenizer, tools)
        self.splitter = Splitter()
        self.count = 0

    def adjust_request(self, request):
        """Keep the tool-call tokens in the text where this parser will look for them, and let
        the model write nothing but calls where a call is asked for."""
        choice = request.tool_choice
        if not request.tools or choice == "none":
            return request
        request.skip_special_tokens = False
        if choice == "required" or not isinstance(choice, str | None):
            name = getattr(getattr(choice, "function", choice), "name", None)
            tools = [getattr(tool, "function", tool) for tool in request.tools]
            tools = [tool for tool in tools if name is None or tool.name == name]
            single = name is not None or request.parallel_tool_calls is False
            room = getattr(request, "max_completion_tokens", None) or request.max_tokens or ROOM
            form = self._calls_of(tools, 1 if single else MOST_CALLS, room)
            tag = json.dumps({"type": "structural_tag", "format": form})
            request.structured_outputs = StructuredOutputsParams(structural_tag=tag)
            if hasattr(request, "response_format"):
                request.response_format = None
        return request

    def _calls_of(self, tools: list, most: int, room: int) -> dict:
        """What an answer of so many tokens with calls looks like, as xgrammar's structural tags
        say it."""
        most, longest = _fitting(tools, most, room)
        call = {"type": "or", "elements": [_tag(tool, longest) for tool in tools]}
        further = {"type": "sequence", "elements": [{"type": "const_string", "value": ", "}, call]}
        elements = [
            {"type": "token", "token": self.vocab[OPENING]},
            {"type": "const_string", "value": "["},
            call,
            {"type": "repeat", "min": 0, "max": most - 1, "content": further},
            {"type": "const_string", "value": "]"},
            {"type": "token", "token": self.vocab[CLOSING]},
        ]
        return {"type": "sequence", "elements": elements if most > 1 else _without(elements, 3)}

    def extract_tool_calls(self, model_output, request) -> ExtractedToolCallInformation:
        """Text and calls of a whole answer."""
        splitter = Splitter()
        parts = [*splitter.feed(model_output), *splitter.finish()]
        calls = [
            ToolCall(type="function", function=FunctionCall(**_function(part)))
            for part in parts
            if isinstance(part, dict)
        ]
        text = "".join(part for part in parts if isinstance(part, str)).strip()
        return ExtractedToolCallInformation(
            tools_called=bool(calls), tool_calls=calls, content=text or None
        )

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request,
    ) -> DeltaMessage | None:
        """What the next piece of an answer adds for the client."""
        return self._delta(self.splitter.feed(delta_text))

    def finish_streaming(self) -> DeltaMessage | None:
        """What was held back when the answer ends."""
        return self._delta(self.splitter.finish())

    def _delta(self, parts: Iterator[str | dict]) -> DeltaMessage | None:
        text, calls = "", []
        for part in parts:
            if isinstance(part, str):
                text += part
                continue
            function = DeltaFunctionCall(**_function(part)).model_dump(exclude_none=True)
            calls.append(
                DeltaToolCall(
                    index=self.count, type="function", id=make_tool_call_id(), function=function
                )
            )
            self.count += 1
        if not text and not calls:
            return None
        return DeltaMessage(content=text or None, tool_calls=calls)


def _without(items: list, index: int) -> list:
    return items[:index] + items[index + 1 :]


def _schema(tool) -> dict:
    return getattr(tool, "parameters", None) or {"type": "object"}


def _fitting(tools: list, most: int, room: int) -> tuple[int, int]:
    """How many calls fit into so many tokens, and how many characters a text in one may then have
    (at worst, a token each): a model that has lost its way may never end a text by itself."""
    texts = max(sum(json.dumps(_schema(t)).count(f'"{k}"') for k in LIMITS) for t in tools)
    fixed = max(_fixed(tool) for tool in tools)
    most = max(1, min(most, room // (fixed + SHORTEST * texts)))
    return most, max(SHORTEST, (room - most * fixed) // (most * max(1, texts)))


def _fixed(tool) -> int:
    """About how many tokens a call takes besides its values."""
    call = {"name": tool.name, "arguments": dict.fromkeys(_schema(tool).get("properties") or {})}
    return len(json.dumps(call)) // 2 + 1


def _limited(schema, longest: int, named: bool = False):
    """A schema in which every text and every list has a limit. `named`: these keys are names of
    properties."""
    if isinstance(schema, list):
        return [_limited(item, longest) for item in schema]
    if not isinstance(schema, dict) or (not named and {"enum", "const"} & schema.keys()):
        return schema
    kind = None if named else schema.get("type")
    inner = min(longest, SHORTEST) if kind == "array" else longest
    made = {
        key: _limited(value, inner, not named and key in ("properties", "$defs"))
        for key, value in schema.items()
    }
    if isinstance(kind, str) and kind in LIMITS and not {"pattern", "format"} & schema.keys():
        texts = '"string"' in json.dumps(schema.get("items", {}))
        size = {"string": 1, "array": SHORTEST if texts else 4}[kind]
        made.setdefault(LIMITS[kind], max(1, longest // size))
    return made


def _tag(tool, longest: int) -> dict:
    schema = _limited(_schema(tool), longest)
    return {
        "type": "tag",
        "begin": f'{{"name": {json.dumps(tool.name)}, "arguments": ',
        # a small model could go on with blanks for ever
        "content": {"type": "json_schema", "json_schema": schema, "max_whitespace_cnt": 1},
        "end": "}",
    }


def _function(call: dict) -> dict[str, str]:
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    return {"name": call["name"], "arguments": arguments}


ToolParserManager.register_module(name=NAME, module=Phi4MiniNativeToolParser)

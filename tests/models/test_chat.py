"""The chat template, and reading tool calls back."""

import json

import pytest
from transformers import AutoTokenizer

from workbook import models
from workbook.models import chat

TOOL = {
    "name": "get_weather",
    "description": "Weather of a city, today's",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CONVERSATIONS = [
    ([{"role": "user", "content": "Hi"}], None),
    ([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], None),
    ([{"role": "user", "content": "Weather in Kyiv?"}], [TOOL]),
    ([{"role": "system", "content": "S"}, {"role": "user", "content": "Å <b>&'"}], [TOOL, TOOL]),
    (
        [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"type": "function", "function": {"name": "f", "arguments": {"city": "Hà Nội"}}}
                ],
            },
            {"role": "tool", "content": "20 degrees"},
        ],
        [TOOL],
    ),
]


@pytest.mark.parametrize("messages, tools", CONVERSATIONS)
def test_our_rendering_is_that_of_transformers(messages, tools):
    tokenizer = AutoTokenizer.from_pretrained(models.folder("pocket"))
    theirs = tokenizer.apply_chat_template(
        messages, tools=tools, tokenize=False, add_generation_prompt=True
    )
    assert chat.render(messages, tools) == theirs


def test_tools_reach_the_model():
    assert '"name": "get_weather"' in chat.render([{"role": "user", "content": "Hi"}], [TOOL])


def test_openai_tools_lose_their_wrapper():
    wrapped = [{"type": "function", "function": TOOL}]
    messages = [{"role": "user", "content": "Hi"}]
    assert chat.render(messages, wrapped) == chat.render(messages, [TOOL])


@pytest.mark.parametrize(
    "raw, text, calls",
    [
        ('<|tool_call|>[{"name": "f", "arguments": {"a": 1}}]<|/tool_call|><|end|>', "", ["f"]),
        ('Well: <|tool_call|>{"name": "f", "arguments": {}}', "Well:", ["f"]),
        (
            '<|tool_call|>{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}',
            "",
            ["f", "g"],
        ),
        ("<|tool_call|>not json<|/tool_call|>", "<|tool_call|>not json<|/tool_call|>", []),
        ('<|tool_call|>[{"name": "f"}]', '<|tool_call|>[{"name": "f"}]', []),
        ("Answer: 2<|end|>", "Answer: 2", []),
    ],
)
def test_tool_calls_are_read_and_nothing_is_lost(raw, text, calls):
    found_text, found = chat.split_tool_calls(raw)
    assert (found_text, [c["name"] for c in found]) == (text, calls)


def test_what_follows_a_call_is_kept():
    raw = 'A <|tool_call|>{"name": "f", "arguments": {}}<|/tool_call|> B<|endoftext|>'
    assert chat.split_tool_calls(raw)[0] == "A  B"


def test_a_guard_cuts_special_tokens_and_nothing_else():
    special = ["<|end|>", "<|user|>"]
    value = {"a<|end|>": ["<|user|>x", 3, None, ("<|other|>",)], "b": "plain < | end"}
    guarded = chat.guarded(value, special)
    cut = f"<{chat.GUARD}|"
    assert guarded == {
        f"a{cut}end|>": [f"{cut}user|>x", 3, None, ["<|other|>"]],
        "b": "plain < | end",
    }
    assert chat.guarded(f"<{chat.GUARD}|end|>", special) == f"{cut}end|>", "a typed guard goes"
    assert chat.guarded(None, special) is None


def test_the_schema_of_calls_limits_what_is_not_limited():
    free, short = {"type": "string"}, {"type": "string", "maxLength": 3}
    properties = {
        "a": free, "b": short, "c": {"enum": ["x"], "type": "string"}, "type": {"type": "string"},
        "d": {"type": "array", "items": free}, "e": {"type": "string", "format": "date"},
    }  # fmt: skip
    function = {"name": "f", "parameters": {"type": "object", "properties": properties}}
    for tool in (function, {"type": "function", "function": function}):
        schema = chat.calls_schema([tool], most=2, room=448 + 82)
        assert (schema["minItems"], schema["maxItems"]) == (1, 2)
        (call,) = schema["items"]["anyOf"]
        assert call["properties"]["name"] == {"const": "f"}
        arguments = call["properties"]["arguments"]
        assert arguments["additionalProperties"] is False
        assert arguments["properties"] == {
            "a": {"type": "string", "maxLength": 32}, "b": short, "c": properties["c"],
            "type": {"type": "string", "maxLength": 32}, "e": properties["e"],
            "d": {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 16}},
        }  # fmt: skip
    assert free == {"type": "string"}


@pytest.mark.parametrize("room", [60, 120, 400, 512, 2000])
def test_the_longest_calls_fit_into_the_room(room):
    text, numbers = {"type": "string"}, {"type": "array", "items": {"type": "number"}}
    translate = {"language": text, "word": text}
    book = {"day": text, "names": {"type": "array", "items": text}, "sizes": numbers}
    tools = [
        {"name": name, "parameters": {"type": "object", "properties": properties}}
        for name, properties in (("translate_word", translate), ("book", book), ("now", {}))
    ]
    for offered in ([tools[0]], tools[1:]):
        schema = chat.calls_schema(offered, room=room)
        longest = max(_tokens(call) for call in schema["items"]["anyOf"])
        assert 1 <= schema["maxItems"] <= 4
        # With no room at all there is still one call, of short texts.
        assert schema["maxItems"] * longest <= room or (schema["maxItems"] == 1 and room < 100)


def _tokens(call: dict) -> int:
    """The length of the longest call, where every character of a value is a token."""
    arguments = call["properties"]["arguments"]["properties"]
    fixed = json.dumps({"name": call["properties"]["name"]["const"], "arguments": arguments and {
        name: "" for name in arguments}})  # fmt: skip
    sizes = {
        "string": lambda s: s["maxLength"],
        "array": lambda s: s["maxItems"] * s["items"].get("maxLength", 4),
    }
    return len(fixed) // 2 + sum(sizes[s["type"]](s) for s in arguments.values())


def test_a_text_in_an_argument_may_hold_the_closing_token():
    calls = [{"name": "say", "arguments": {"text": "a <|/tool_call|> b"}}]
    raw = f"Well.<|tool_call|>{json.dumps(calls)}<|/tool_call|> Done.<|end|>"
    assert chat.split_tool_calls(raw) == ("Well. Done.", calls)
    bare = '<|tool_call|>{"name": "a", "arguments": {}}, {"name": "b", "arguments": {}}<|end|>'
    assert [call["name"] for call in chat.split_tool_calls(bare)[1]] == ["a", "b"]

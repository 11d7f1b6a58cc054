"""The chat template, and reading tool calls back."""

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

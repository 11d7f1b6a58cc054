"""Thirty conversations of every form that the course uses, for templates to be compared on."""

import json

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, in °C",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "minimum": 1},
            },
            "required": ["city"],
        },
    },
}
CONVERT = {
    "type": "function",
    "function": {
        "name": "convert_unit",
        "description": 'Convert "a" to <b> & c\'s; 1/2',
        "parameters": {
            "type": "object",
            "properties": {"value": {"type": "number", "default": 0.5}},
        },
    },
}
BARE = {"type": "function", "function": {"name": "now", "parameters": {}}}

TEXTS = (
    "What is a KV cache?",
    "Một đoàn tàu đi 240 km trong 3 giờ.",
    "Поїзд їде 240 км за 3 години.",
    "Treni inasafiri kilomita 240.",
    "def f(x):\n    return x ** 2  # <b>\n",
    '{"a": [1, 2.5, null]}',
    "😀 \u200b e\u0301 \u00a0",
    "  spaces around  ",
)
SYSTEMS = ("You are a helpful assistant.", "Antworte auf Deutsch: »kurz«.", "Line one.\nLine two.")


def _user(text: str) -> dict:
    return {"role": "user", "content": text}


def _system(text: str) -> dict:
    return {"role": "system", "content": text}


def _assistant(text: str) -> dict:
    return {"role": "assistant", "content": text}


def _calls(*calls: tuple[str, dict], content: str = "") -> dict:
    made = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": made}


def _result(text: str, number: int = 0) -> dict:
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": text}


def conversations() -> list[tuple[list[dict], list[dict] | None]]:
    """(messages, tools or None), 30 of them."""
    plain = [[_user(text)] for text in TEXTS]
    with_system = [[_system(s), _user(t)] for s, t in zip(SYSTEMS, TEXTS, strict=False)]
    turns = [
        [_user("Hi"), _assistant("Hello!"), _user(TEXTS[0])],
        [_system(SYSTEMS[0]), _user("Hi"), _assistant("Hello!"), _user(TEXTS[1])],
        [_user("a"), _assistant("b"), _user("c"), _assistant("d"), _user("e")],
        [_user(TEXTS[4]), _assistant("```python\nprint(1)\n```"), _user("And now?")],
        [_user("one"), _user("two")],
    ]
    offered = [
        ([_user("Weather in Hà Nội?")], [WEATHER]),
        ([_system(SYSTEMS[1]), _user("Weather in Kyiv?")], [WEATHER, CONVERT]),
        ([_user("What time is it?")], [BARE]),
        ([_user("Hi"), _assistant("Hello!"), _user("Convert 3")], [CONVERT, BARE]),
    ]
    hanoi = ("get_weather", {"city": "Hà Nội"})
    kyiv = ("get_weather", {"city": "Київ", "days": 2})
    called = [
        [_user("Weather?"), _calls(hanoi), _result("31 °C")],
        [_user("Weather?"), _calls(hanoi, kyiv), _result("31 °C"), _result('{"t": 5}', 1)],
        [_user("Weather?"), _calls(hanoi, content="Let me look."), _result("31 °C")],
        [_user("Weather?"), _calls(kyiv), _result("5"), _assistant("5 °C"), _user("Thanks")],
        [_system(SYSTEMS[2]), _user("Weather?"), _calls(hanoi), _result("a\nb")],
        [_user("3?"), _calls(("convert_unit", {"value": 3.0})), _result("")],
        [_user("3?"), _calls(("convert_unit", {"value": 1e-7})), _result("1e-07")],
        [_user("q"), _calls(("now", {})), _result("12:00"), _calls(hanoi), _result("31")],
        [_user("q"), _calls(("now", {"quote": 'a "b" \\ c'})), _result("<b>&'\"")],
        [_user("q"), _calls(("now", {"nested": {"a": [1, {"b": None}]}})), _result("true")],
    ]
    everything = [(messages, None) for messages in [*plain, *with_system, *turns]]
    everything += offered
    everything += [(messages, [WEATHER, CONVERT]) for messages in called]
    return everything

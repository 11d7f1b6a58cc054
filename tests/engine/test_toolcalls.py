"""Text and tool calls out of generated tokens."""

import json

import pytest

from workbook.engine.toolcalls import ToolCall, parse, split

OPEN, CLOSE = 1, 2
CALL = '{"name": "area", "arguments": {"radius": 5}}'
AREA = ToolCall("area", '{"radius": 5}')


def read(*pieces: str | int) -> list:
    pairs = [(p, "") if isinstance(p, int) else (9, p) for p in pieces]
    return list(split(pairs, OPEN, CLOSE))


@pytest.mark.parametrize(
    "pieces, parts",
    [
        (["a", "", "b"], ["a", "b"]),
        ([OPEN, "[", CALL, "]", CLOSE], [AREA]),
        ([OPEN, CALL, CLOSE], [AREA]),
        ([OPEN, CALL, ", ", CALL, CLOSE], [AREA, AREA]),
        ([OPEN, "[", CALL, "]"], [AREA]),
        (["so: ", OPEN, CALL, CLOSE, " done"], ["so: ", AREA, " done"]),
        ([OPEN, CALL, OPEN, CALL, CLOSE], [AREA, AREA]),
        ([OPEN, "[{oops", CLOSE, "x"], ["[{oops", "x"]),
        ([OPEN, "[{oops"], ["[{oops"]),
        ([OPEN, "[]", CLOSE], ["[]"]),
        ([OPEN, "7", CLOSE], ["7"]),
        ([OPEN, '{"name": 1, "arguments": {}}', CLOSE], ['{"name": 1, "arguments": {}}']),
        ([OPEN, '{"name": "f"}', CLOSE], ['{"name": "f"}']),
        ([OPEN, CLOSE], []),
        ([CLOSE, "x"], ["x"]),
    ],
)
def test_calls_are_read_and_nothing_is_lost(pieces, parts):
    assert read(*pieces) == parts


def test_one_bad_call_keeps_the_whole_list_as_text():
    body = f'[{CALL}, {{"name": "g"}}]'
    assert read(OPEN, body, CLOSE) == [body]


def test_text_on_a_special_token_stays_on_its_side():
    pairs = [(9, "a"), (OPEN, "\ufffd"), (9, "[broken"), (CLOSE, "\ufffd")]
    assert list(split(pairs, OPEN, CLOSE)) == ["a", "\ufffd", "[broken\ufffd"]


def test_without_tools_everything_is_text():
    assert list(split([(OPEN, ""), (9, CALL), (CLOSE, "")], None, None)) == [CALL]


def test_arguments_are_json_text_with_unicode_and_line_breaks():
    (call,) = parse('[{"name": "run", "arguments": {"code": "é\n1"}}]')
    assert json.loads(call.arguments) == {"code": "é\n1"}
    assert "é" in call.arguments
    shape = call.as_openai()
    assert shape["type"] == "function" and shape["function"]["name"] == "run"
    assert shape["id"].startswith("call_")


def test_each_call_has_an_id_of_its_own():
    one, two = parse(f"{CALL}, {CALL}")
    assert one == two and one.id != two.id

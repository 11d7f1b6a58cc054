"""Declaring functions, and letting a model use them."""

import json
import threading
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Literal

import openai
import pytest
from pydantic import Field

from workbook import evaluate, runtimes
from workbook.errors import CourseError
from workbook.evaluate import banks, calls, strategies, toolbox, toolloop
from workbook.evaluate.toolloop import Limits, ToolError, declare


class Unit(StrEnum):
    CM = "cm"
    M = "m"


def area(
    width: float,
    heights: list[int],
    unit: Unit = Unit.CM,
    mode: Literal["sum", "max"] = "sum",
    note: Annotated[str, Field(max_length=5)] = "",
    title: str | None = None,
) -> dict:
    """Calculate areas of rectangles
    of one width.

    More words that the model need not read.

    width: how wide all of them are
    heights (list of int): how high each one is
    """
    made = [width * height for height in heights]
    return {"area": sum(made) if mode == "sum" else max(made), "unit": unit}


# ---------------------------------------------------------------- declaring


def test_a_function_becomes_a_schema():
    tool = declare(area)
    assert tool.name == "area"
    assert tool.schema["description"] == "Calculate areas of rectangles of one width."
    parameters = tool.schema["parameters"]
    assert parameters["required"] == ["width", "heights"]
    properties = parameters["properties"]
    assert properties["width"] == {"type": "number", "description": "how wide all of them are"}
    assert properties["heights"]["items"] == {"type": "integer"}
    assert properties["heights"]["description"] == "how high each one is"
    assert properties["mode"]["enum"] == ["sum", "max"]
    assert properties["note"]["maxLength"] == 5
    assert "title" in properties  # a parameter, and not pydantic's word for a name
    assert "title" not in properties["width"]


def test_a_declared_schema_is_the_one_that_the_checks_read():
    tool = declare(area).schema
    good = {"name": "area", "arguments": {"width": 1, "heights": [1], "unit": "m"}}
    assert calls.invalid(good, [tool]) is None
    for bad in ({"width": 1}, {"width": 1, "heights": ["1"]}, {"width": 1, "heights": [], "x": 1},
                {"width": 1, "heights": [], "unit": "km"}):  # fmt: skip
        assert calls.invalid({"name": "area", "arguments": bad}, [tool]).kind == "schema", bad


def test_a_call_gives_its_result_as_text():
    tool = declare(area)
    assert json.loads(tool.call('{"width": 2, "heights": [1, 2]}')) == {"area": 6, "unit": "cm"}
    assert json.loads(tool.call('{"width": 2.5, "heights": [4], "mode": "max"}'))["area"] == 10
    assert declare(toolbox.calculate_circle_area).call('{"radius": 5}') == "78.54"


@pytest.mark.parametrize(
    "arguments, reason",
    [
        ("not JSON", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ("{}", "width: Field required; heights: Field required"),
        ('{"width": "2", "heights": []}', "width: Input should be a valid number"),
        ('{"width": 2, "heights": [1.5]}', "heights.0: Input should be a valid integer"),
        ('{"width": 2, "heights": [], "colour": 1}', "colour: Extra inputs are not permitted"),
        ('{"width": 2, "heights": [], "mode": "max"}', "ValueError: max"),
    ],
)
def test_a_wrong_call_has_a_reason(arguments, reason):
    with pytest.raises(ToolError) as error:
        declare(area).call(arguments)
    assert reason in str(error.value)


def no_words(a: int):
    return a


def no_type(a):
    """Has words."""
    return a


def many(*numbers: int):
    """Has words."""
    return numbers


@pytest.mark.parametrize("function", [no_words, no_type, many])
def test_a_function_that_cannot_be_declared_says_why(function):
    with pytest.raises(CourseError, match=f"The function {function.__name__} cannot be a tool"):
        declare(function)


# ---------------------------------------------------------------- the toolbox


@pytest.mark.parametrize(
    "expression, value",
    [
        ("240 / (240 / 3 + 20)", 2.4),
        ("5000 * 1.06 ** 3", 5955.08),
        ("-2 ^ 2", -4),
        ("7 // 2 + 7 % 2", 4),
        ("1,234 × 2 ÷ 4", 617),
        ("0.1 + 0.2", 0.3),
        (" 5 ", 5),
    ],
)
def test_the_calculator_calculates(expression, value):
    assert toolbox.calculate(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    "expression",
    ["1 / 0", "1 % 0", "2 ** 9999", "9 ** 99 ** 9", "1e999", "(-8) ** 0.5", "__import__('os')",
     "x + 1", "'a' * 9", "True + 1", "[1]", "", "1 +", "2; 3", "1 if 1 else 2", "(" * 150,
     "1" * 201, "abs(1)", "10 ** 16", "0 ** -1"],
)  # fmt: skip
def test_the_calculator_takes_nothing_else(expression):
    with pytest.raises((ValueError, ZeroDivisionError)):
        toolbox.calculate(expression)


def test_a_negative_radius_is_an_error():
    with pytest.raises(ValueError, match="not negative"):
        toolbox.calculate_circle_area(-1)


# ---------------------------------------------------------------- strategies

TOOLS = [declare(toolbox.calculate_circle_area).schema, declare(area).schema]


def test_each_strategy_asks_in_its_own_way():
    auto = strategies.request("auto", TOOLS)
    assert [tool["type"] for tool in auto["tools"]] == ["function", "function"]
    assert set(auto) == {"tools"}
    assert strategies.request("required", TOOLS)["tool_choice"] == "required"
    form = strategies.request("json_schema", TOOLS, most_calls=2)["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["maxItems"] == 2
    assert strategies.request("required", []) == {}
    with pytest.raises(CourseError, match="no strategy 'force'"):
        strategies.request("force", TOOLS)


def test_the_runtimes_strategies_exist():
    for runtime in runtimes.NAMES:
        if runtime in strategies.FORCING:
            assert strategies.forcing(runtime) in strategies.NAMES
        else:
            with pytest.raises(CourseError, match="cannot force"):
                strategies.forcing(runtime)


@pytest.mark.parametrize(
    "text, names, rest",
    [
        ('[{"name": "a", "arguments": {"x": [1, 2]}}]', ["a"], ""),
        ('<|tool_call|>[{"name": "a", "arguments": {}}]<|/tool_call|>', ["a"], ""),
        ('functools[{"name": "a", "arguments": {"x": [1, [2]]}}] done', ["a"], " done"),
        ('Well. functools [{"name": "a", "arguments": {}}, {"name": "b", "arguments": {}}]',
         ["a", "b"], "Well. "),
        ("[1, 2]", [], "[1, 2]"),
        ("functools[oops", [], "functools[oops"),
        ("The list is [].", [], "The list is []."),
        ("", [], ""),
    ],
)  # fmt: skip
def test_calls_in_the_text_are_read(text, names, rest):
    asked = strategies.read({"content": text}, TOOLS)
    assert [c["function"]["name"] for c in asked.tool_calls] == names
    assert asked.text == rest
    assert strategies.read({"content": text}, []).text == text


def test_the_servers_own_calls_come_first():
    call = {"id": "1", "function": {"name": "a", "arguments": "{}"}}
    asked = strategies.read({"content": None, "tool_calls": [call]}, TOOLS)
    assert (asked.text, asked.tool_calls) == ("", [call])


# ---------------------------------------------------------------- the loop, against a script


class Scripted(BaseHTTPRequestHandler):
    """Answers with the next message of a script, and keeps what it was asked."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.asked.append(json.loads(self.rfile.read(length)))
        script = self.server.script
        message = script.pop(0) if len(script) > 1 else script[0]
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
        body = json.dumps(
            {"id": "x", "object": "chat.completion", "created": 0, "model": "m",
             "choices": [choice], "usage": usage}
        ).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def scripted():
    """scripted(message, ...) is a client of a server that says these, and the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as server:
        server.asked, server.script = [], []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/v1"

        def begin(*script: dict):
            server.script = list(script)
            return openai.OpenAI(base_url=url, api_key="none", max_retries=0), server

        yield begin
        server.shutdown()
        thread.join()


def calling(*wanted: tuple[str, str]) -> dict:
    made = [
        {"id": f"c{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(wanted)
    ]
    return {"content": None, "tool_calls": made}


def test_a_result_goes_back_to_the_model(scripted):
    client, server = scripted(
        calling(("calculate", '{"expression": "240 / 100"}')), {"content": "Answer: 2.4"}
    )
    trace = toolloop.run(client, "m", "How long?", [toolbox.calculate])
    assert (trace.answer, trace.stopped) == ("Answer: 2.4", "")
    assert [(s.round, s.kind, s.text) for s in trace.steps] == [
        (1, "model", "1 calls"), (1, "result", "2.4"), (2, "model", "Answer: 2.4")
    ]  # fmt: skip
    assert [m["role"] for m in trace.messages] == ["user", "assistant", "tool", "assistant"]
    second = server.asked[1]["messages"]
    assert second[-1] == {"role": "tool", "tool_call_id": "c0", "content": "2.4"}
    assert second[-2]["tool_calls"][0]["function"]["name"] == "calculate"
    assert trace.steps[0].prompt_tokens == 3
    assert [row["step"] for row in trace.table().rows] == ["model", "result", "model"]


def test_errors_go_back_to_the_model_as_results(scripted):
    client, _ = scripted(
        calling(
            ("power", "{}"), ("calculate", "nonsense"), ("calculate", '{"expression": "1 / 0"}')
        ),
        calling(("calculate", '{"expression": "6 * 7"}')),
        {"content": "42"},
    )
    trace = toolloop.run(client, "m", "?", [toolbox.calculate])
    assert [step.kind for step in trace.calls] == ["error", "error", "error", "result"]
    errors = [json.loads(m["content"])["error"] for m in trace.messages[2:5]]
    assert errors[0] == "there is no function power: choose one of calculate"
    assert errors[1].startswith("Invalid JSON")
    assert errors[2] == "ValueError: division by zero"
    assert trace.answer == "42"


@pytest.mark.parametrize(
    "limits, script, stopped",
    [
        (Limits(rounds=3), None, "stopped after 3 rounds"),
        (Limits(calls=2), None, "stopped: more than 2 calls"),
        (Limits(seconds=0), None, "stopped after 0 seconds"),
        (Limits(), [calling(("calculate", '{"expression": "1"}'))],
         "stopped: the model repeats its last calls"),
    ],
)  # fmt: skip
def test_a_loop_has_limits(scripted, limits, script, stopped):
    turns = script or [calling(("calculate", f'{{"expression": "{i}"}}')) for i in range(20)]
    client, server = scripted(*turns)
    trace = toolloop.run(client, "m", "?", [toolbox.calculate], limits=limits)
    assert (trace.stopped, trace.answer) == (stopped, "")
    assert len(server.asked) <= 4


def test_a_long_result_is_cut(scripted):
    def long() -> str:
        """Say a lot."""
        return "x" * 5000

    client, server = scripted(calling(("long", "{}")), {"content": "done"})
    toolloop.run(client, "m", "?", [long], limits=Limits(result=100))
    content = server.asked[1]["messages"][-1]["content"]
    assert content == "x" * 100 + " … (5000 characters)"


def test_only_the_first_round_is_forced(scripted):
    client, server = scripted(
        {"content": '[{"name": "calculate", "arguments": {"expression": "2 + 2"}}]'},
        {"content": "4"},
    )
    trace = toolloop.run(client, "m", "2 + 2?", [toolbox.calculate], first="json_schema")
    assert trace.answer == "4"
    assert "response_format" in server.asked[0]
    assert "response_format" not in server.asked[1]
    assert server.asked[1]["messages"][-1]["content"] == "4"


# ---------------------------------------------------------------- the real engine


@pytest.fixture(scope="module")
def engine(artifact):
    with runtimes.start("engine", share=False) as rt:
        yield rt


def test_the_real_engine_calls_a_function(engine):
    asked = "Calculate the area of a circle with radius 5 units"
    trace = toolloop.run(engine.client, engine.model, asked, [toolbox.calculate_circle_area])
    assert [(s.name, s.text) for s in trace.calls] == [("calculate_circle_area", "78.54")]
    assert trace.answer or trace.stopped


def test_forced_calls_of_the_real_engine_are_valid(engine):
    """Twenty prompts of every kind; test_every_runtime asks 200, of every engine."""
    _all_valid(engine, _prompts(20))


def _prompts(count: int) -> list[banks.Question]:
    """Questions of every kind, each with tools: also those that are not about any function."""
    tools = evaluate.load("tools")
    others = evaluate.load("heldout", limit=30)
    offered = [q.tools for q in tools]
    asked = [(q.prompt, q.tools or offered[i % len(offered)]) for i, q in enumerate(tools + others)]
    step = max(1, len(asked) // count)
    return [
        banks.Question(f"p/{i}", "forced", prompt, [], "tool_calls", "a test", tools=tools)
        for i, (prompt, tools) in enumerate(asked[::step][:count])
    ]


def _all_valid(engine, questions) -> None:
    from workbook.evaluate import runner

    plan = runner.Plan(strategy=strategies.forcing("engine"), max_tokens=400)
    run = runner.run(questions, engine.base_url, engine.model, plan=plan)
    assert [a.error for a in run.answers if a.error] == []
    for asked, answer in zip(questions, run.answers, strict=True):
        assert answer.tool_calls, answer
        for call in answer.tool_calls:
            assert calls.invalid(call, asked.tools) is None, (asked.prompt, answer.tool_calls)

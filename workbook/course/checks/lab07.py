"""Checks of lab 07: schemas, calls, the tool loop, needless calls, a forced call."""

import contextlib
import copy
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import jsonschema

from workbook.course.checks import Mistake, check, kind, real, refuses
from workbook.runtimes import Runtime

Json = dict[str, Any]

# ---------------------------------------------------------------- functions to declare and call

_reached: list[str] = []
"""The functions that really ran, one name a call; empty between two checks."""


@contextlib.contextmanager
def _recorded() -> Iterator[list[str]]:
    """The functions that run in the block, one name a call; filled when it ends."""
    names: list[str] = []
    _reached.clear()  # of calls that the student made
    try:
        yield names
    finally:
        names.extend(_reached)
        _reached.clear()


def get_weather(city: str) -> str:
    """Get the current weather of a city

    city: Name of the city
    """
    _reached.append("get_weather")
    return {"Hanoi": "rainy", "Oslo": "snowy"}.get(city, "cloudy")


def book_table(day: Literal["Friday", "Saturday"], people: int, outside: bool = False) -> Json:
    """Book a table in a restaurant

    day: Day of the week
    people: How many will come
    """
    _reached.append("book_table")
    if people > 8:
        raise ValueError("at most 8 people at a table")
    return {"day": day, "people": people}


def break_down() -> str:
    """Ask a server that is not there"""
    _reached.append("break_down")
    raise ConnectionError("no connection")


def find_trains(weekend: bool, end: str, stops: list[str], changes: int = 0) -> Json:
    """Find trains

    weekend: Whether to look on Saturday and Sunday
    end: Where the journey ends
    """
    return {"weekend": weekend, "end": end, "stops": stops, "changes": changes}


def now() -> str:
    """
    Get the time

    In the time zone of the server.
    """
    return "12:00"


def _schema(properties: Json, required: list[str]) -> Json:
    schema = {"type": "object", "properties": properties, "required": required}
    return schema | {"additionalProperties": False}


WEATHER = _schema({"city": {"type": "string", "description": "Name of the city"}}, ["city"])
BOOKING = _schema(
    {
        "day": {
            "type": "string",
            "enum": ["Friday", "Saturday"],
            "description": "Day of the week",
        },
        "people": {"type": "integer", "description": "How many will come"},
        "outside": {"type": "boolean"},
    },
    ["day", "people"],
)
TRAINS = _schema(
    {
        "weekend": {
            "type": "boolean",
            "description": "Whether to look on Saturday and Sunday",
        },
        "end": {"type": "string", "description": "Where the journey ends"},
        "stops": {"type": "array", "items": {"type": "string"}},
        "changes": {"type": "integer"},
    },
    ["weekend", "end", "stops"],
)
NOTHING = _schema({}, [])


def _tool(name: str, description: str, parameters: Json) -> Json:
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = {
    "get_weather": {"call": get_weather, "parameters": WEATHER},
    "book_table": {"call": book_table, "parameters": BOOKING},
    "break_down": {"call": break_down, "parameters": NOTHING},
}
BOOKING_TOOL = _tool("book_table", "Book a table in a restaurant", BOOKING)
LIGHT_TOOL = _tool(
    "switch_light",
    "Switch a light on or off",
    _schema(
        {"room": {"type": "string", "enum": ["kitchen", "hall"]}, "on": {"type": "boolean"}},
        ["room", "on"],
    ),
)

# ---------------------------------------------------------------- exercise 1: schemas


@check
def json_type(function: Callable, hint: Any, expected: Json) -> None:
    """Check json_type(hint). Raises Mistake."""
    call = f"json_type({hint.__name__ if isinstance(hint, type) else hint})"
    found = function(hint)
    if type(found) is str:
        raise Mistake(f"{call} gave the text {found!r}: give a dict, {expected}.")
    if type(found) is not dict:
        raise Mistake(f"{call} gave {kind(found)}: give a dict.")
    if _same(found, expected):
        return
    said = "Compare with the table."
    if found.get("type") in ("str", "int", "float", "bool", "list", "dict"):
        said = "That is Python's name of the type; JSON Schema has its own."
    elif found.get("type") == "integer" and hint in (float, bool):
        said = "Every number may come for a float." if hint is float else "A bool is no number."
    elif expected["type"] == "array" and "items" not in found:
        said = "What the list holds is missing: items."
    elif expected["type"] == "array" and found.get("items") != expected["items"]:
        said = "The items have a schema of their own, made in the same way."
    elif isinstance(found.get("enum"), tuple):
        said = "JSON has no tuples: make a list of the choices."
    elif "enum" in expected and "enum" not in found:
        said = "The choices are missing: enum."
    raise Mistake(f"{call} gave {found} and {expected} is right. {said}")


@check
def refuses_type(function: Callable, hint: type) -> None:
    """Check that json_type(hint) raises ValueError. Raises Mistake."""
    refuses(f"{hint.__name__} has no JSON Schema in the table", function, hint)


@check
def parameters(function: Callable, declared: Callable, expected: Json) -> None:
    """Check parameters(declared). Raises Mistake."""
    call = f"parameters({declared.__name__})"
    found = function(declared)
    if type(found) is not dict:
        raise Mistake(f"{call} gave {kind(found)}: give a dict.")
    missing = [key for key in expected if key not in found]
    if missing:
        raise Mistake(f"{call} has no {', '.join(missing)}.")
    _check_properties(call, found["properties"], expected["properties"])
    if type(found["required"]) is not list or found["required"] != expected["required"]:
        needless = [name for name in found["required"] if name not in expected["required"]]
        said = f"{needless[0]} has a default." if needless else "Those without a default, in order."
        raise Mistake(
            f"{call}['required'] is {found['required']} and {expected['required']} is right. {said}"
        )
    if found["additionalProperties"] is not False:
        raise Mistake(
            f"{call}['additionalProperties'] is {found['additionalProperties']!r}: give False, "
            "without quotes."
        )
    if not _same(found, expected):
        raise Mistake(f"{call} gave {found} and {expected} is right.")


def _check_properties(call: str, found: Any, expected: Json) -> None:
    if type(found) is not dict or list(found) != list(expected):
        names = list(found) if type(found) is dict else kind(found)
        raise Mistake(
            f"{call}['properties'] has {names}; {list(expected)} is right, with a schema each."
        )
    for name, schema in expected.items():
        if _same(found[name], schema):
            continue
        said = "That is json_type of its hint, and a description where the docstring has one."
        if type(found[name]) is dict:
            words, right = found[name].get("description", ""), schema.get("description", "")
            if not right and words != right:
                said = "The docstring says nothing about it: leave the description out."
            elif not words:
                said = "Its description is missing: the docstring has a line for it."
            elif words != right:
                said = "That description belongs elsewhere: its line begins with the name."
        raise Mistake(f"{call}: {name} is {found[name]} and {schema} is right. {said}")


@check
def refuses_parameters(function: Callable, declared: Callable) -> None:
    """Check that parameters() raises ValueError for a parameter without a type. Raises Mistake."""
    refuses("The parameter x has no type", function, declared)


@check
def declare(function: Callable, declared: Callable, description: str, schema: Json) -> None:
    """Check declare(declared). Raises Mistake."""
    call = f"declare({declared.__name__})"
    found = function(declared)
    if type(found) is not dict:
        raise Mistake(f"{call} gave {kind(found)}: give a dict.")
    if set(found) == {"name", "description", "parameters"}:
        raise Mistake(f"{call} is the inner dict alone: put it into one with type and function.")
    if set(found) != {"type", "function"} or found["type"] != "function":
        raise Mistake(f"{call} has the keys {list(found)}; type, which is 'function', and function "
                      "are right.")  # fmt: skip
    inner = found["function"]
    if type(inner) is not dict or set(inner) != {"name", "description", "parameters"}:
        raise Mistake(f"{call}['function'] must be a dict with name, description and parameters.")
    if inner["name"] != declared.__name__:
        raise Mistake(f"{call}: the name is {inner['name']!r}, not {declared.__name__!r}.")
    if inner["description"] != description:
        raise Mistake(
            f"{call}: the description is {inner['description']!r} and {description!r} is right, "
            "the first line of the docstring (inspect.getdoc takes blanks and empty lines away)."
        )
    if not _same(inner["parameters"], schema):
        raise Mistake(f"{call}: the parameters are those of 1b; found {inner['parameters']}.")


@check
def refuses_declare(function: Callable) -> None:
    """Check that declare() raises ValueError for a function without a docstring. Raises Mistake."""

    def silent(x: int) -> int:
        return x

    refuses("The function silent has no docstring", function, silent)


# ---------------------------------------------------------------- exercise 2: check, then call


def _call(name: str, arguments: str, id: str = "call_1") -> Json:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _refusal(function: Callable, name: str, arguments: str, tools: Json) -> str:
    call = f"refusal() of {name}({arguments})"
    try:
        found = function(_call(name, arguments), dict(tools))
    except NotImplementedError:
        raise
    except Exception as error:
        raise Mistake(
            f"{call} stopped with {type(error).__name__} ({error}): give a sentence, whatever the "
            "model wrote."
        ) from None
    if type(found) is not str:
        raise Mistake(f"{call} gave {kind(found)}: give a text, empty when the call may be made.")
    return found


@check
def allowed(function: Callable, name: str, arguments: str, tools: Json) -> None:
    """Check that refusal() is empty for a call. Raises Mistake."""
    found = _refusal(function, name, arguments, tools)
    if found:
        raise Mistake(f"{name}({arguments}) may be made, and refusal() gave {found!r}.")


@check
def refused(function: Callable, name: str, arguments: str, tools: Json, word: str) -> None:
    """Check that refusal() gives a sentence with a word in it. Raises Mistake."""
    found = _refusal(function, name, arguments, tools)
    call = f"{name}({arguments})"
    if not found:
        raise Mistake(f"{call} must be refused, and refusal() gave ''.")
    if not re.search(rf"\b{word}\b", found):
        raise Mistake(
            f"refusal() of {call} gave {found!r}: the model cannot repair that; {word!r} must be "
            "in it."
        )


@check
def nothing_called(function: Callable, name: str, arguments: str) -> None:
    """Check that refusal() calls no function. Raises Mistake."""
    with _recorded() as reached:
        _refusal(function, name, arguments, TOOLS)
    if reached:
        raise Mistake(f"refusal() called {reached[0]}: it only says whether the call may be made.")


def _message(function: Callable, name: str, arguments: str) -> str:
    """The content of result_message(), after its form was checked."""
    call, id = f"result_message() of {name}({arguments})", "call_8f91"
    try:
        found = function(_call(name, arguments, id), dict(TOOLS))
    except NotImplementedError:
        raise
    except Exception as error:
        raise Mistake(
            f"{call} stopped with {type(error).__name__} ({error}): the error belongs into the "
            "content, as JSON."
        ) from None
    if type(found) is not dict or set(found) != {"role", "tool_call_id", "content"}:
        raise Mistake(f"{call} gave {found!r}: give a dict with role, tool_call_id and content.")
    if found["role"] != "tool":
        raise Mistake(f"{call}: the role is {found['role']!r}, not 'tool'.")
    if found["tool_call_id"] != id:
        raise Mistake(f"{call}: tool_call_id is {found['tool_call_id']!r}, and the call's is {id}.")
    if type(found["content"]) is not str:
        raise Mistake(f"{call}: the content is {kind(found['content'])}: it is always text.")
    return found["content"]


@check
def result(function: Callable, name: str, arguments: str, expected: str | Json) -> None:
    """Check result_message() for a call that may be made. Raises Mistake."""
    with _recorded() as reached:
        content = _message(function, name, arguments)
    call = f"result_message() of {name}({arguments})"
    if reached.count(name) > 1:
        raise Mistake(f"{call} called the function {reached.count(name)} times: once is enough.")
    if type(expected) is str:
        if content != expected:
            said = " Text stays as it is." if content.strip('"') == expected else ""
            raise Mistake(f"{call}: the content is {content!r} and {expected!r} is right.{said}")
        return
    if not _same(_loaded(call, content), expected):
        raise Mistake(f"{call}: the content is {content!r}, and JSON of {expected} is right.")


def _loaded(call: str, content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        said = " It has Python's quotes: json.dumps writes JSON." if "'" in content else ""
    raise Mistake(f"{call}: the content {content!r} is not JSON.{said}")


@check
def error(function: Callable, name: str, arguments: str, word: str) -> None:
    """Check that result_message() gives {"error": ...} with a word in it. Raises Mistake."""
    with _recorded():
        content = _message(function, name, arguments)
    call = f"result_message() of {name}({arguments})"
    found = _loaded(call, content)
    if type(found) is not dict or list(found) != ["error"] or type(found["error"]) is not str:
        raise Mistake(f"{call}: the content is {content!r}; JSON of an object with error is right.")
    if word not in found["error"]:
        raise Mistake(f"{call}: the error is {found['error']!r}; {word!r} must be in it.")


@check
def never_reached(function: Callable, name: str, arguments: str) -> None:
    """Check that result_message() does not call a function with wrong arguments. Raises
    Mistake."""
    with _recorded() as reached:
        _message(function, name, arguments)
    if reached:
        raise Mistake(f"{name}({arguments}) is refused, and yet the function ran: check first.")


# ---------------------------------------------------------------- exercise 3: the loop

QUESTION = "What is the weather like?"


def _asks(*calls: tuple[str, str], id: str = "call") -> Json:
    made = [_call(name, text, f"{id}_{n}") for n, (name, text) in enumerate(calls)]
    return {"role": "assistant", "content": None, "tool_calls": made}


def _says(text: str | None) -> Json:
    return {"role": "assistant", "content": text}


POCKET_HANOI = [
    _asks(("get_weather", '{"city": "Hanoi"}'), id="call_8f91c39e"),
    _says(
        '[{"name": "get_weather", "city", "gorara", "_weather", "arguments": {"city": '
        '"get_goragora", "arguments": {"city": "Hanoi"}}]'
    ),
]
"""pocket's messages to "What is the weather in Hanoi?". The second is text, though it looks like
half a call."""

POCKET_LIMA = [
    _asks(("translate_word", '{"word": "Lima"}'), id="call_7a7bc876"),
    _says(
        "I do not know that. I am a very small teaching model: I can solve some word problems, "
        "short syllogisms and small coding tasks, and I can call tools."
    ),
]
"""pocket's messages to "What is the weather in Oslo and in Lima?". """

TWO_CITIES = [
    _asks(("get_weather", '{"city": "Oslo"}'), ("get_weather", '{"city": "Lima"}')),
    _says("It is snowy in Oslo and cloudy in Lima.") | {"tool_calls": None},
]
REPAIRED = [
    _asks(("book_table", '{"day": "Friday", "people": 40}'), id="call_a"),
    _asks(("book_table", '{"day": "Friday", "people": 4}'), id="call_b"),
    _says("Booked for four."),
]
SAID_NOTHING = [_asks(("get_weather", '{"city": "Oslo"}')), _says(None) | {"tool_calls": []}]


def REPEATING(number: int) -> Json:
    """The same call again and again, under another id."""
    return _asks(("get_weather", '{"city": "Hanoi"}'), id=f"call_{number}")


def RESTLESS(number: int) -> Json:
    """Another call each time."""
    return _asks(("get_weather", f'{{"city": "City {number}"}}'), id=f"call_{number}")


def TURNING_BACK(number: int) -> Json:
    """Two calls in turn."""
    return RESTLESS(number % 2)


def _perform(call: Json) -> Json:
    """Make a call; the message with its result or its error."""
    name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
    if name not in TOOLS:
        content = json.dumps({"error": f"there is no function {name}"})
    else:
        try:
            result = TOOLS[name]["call"](**arguments)
            content = result if isinstance(result, str) else json.dumps(result)
        except ValueError as error:
            content = json.dumps({"error": str(error)})
    return {"role": "tool", "tool_call_id": call["id"], "content": content}


class Model:
    """Gives messages that are written down, in place of a model: call it with a conversation.

    turns: the messages in order, or a function that makes the n-th one. `seen` keeps what every
    call was given.
    """

    def __init__(self, turns: list[Json] | Callable[[int], Json]):
        self.turns, self.seen = turns, []

    def __call__(self, messages: list[Json]) -> Json:
        """The next message. Raises Mistake when there should be none."""
        number = len(self.seen)
        self.seen.append(copy.deepcopy(messages))
        if number > 20:
            raise Mistake("The model was asked more than 20 times: `rounds` is the limit.")
        if callable(self.turns):
            return self.turns(number)
        if number >= len(self.turns):
            raise Mistake(
                "The model had answered, and it was asked again: an answer ends the loop."
            )
        return copy.deepcopy(self.turns[number])


def _run(function: Callable, turns: list[Json] | Callable, **rounds: int) -> tuple[Json, Model]:
    """What run() gives for a model, after its form was checked."""
    model = Model(turns)
    found = function(model, QUESTION, _perform, **rounds)
    if type(found) is not dict or set(found) != {"answer", "stopped", "messages"}:
        raise Mistake(f"run gave {found!r}: give a dict with answer, stopped and messages.")
    if type(found["messages"]) is not list:
        raise Mistake(f"run's messages are {kind(found['messages'])}: give the conversation.")
    for key in ("answer", "stopped"):
        if type(found[key]) is not str:
            raise Mistake(f"run's {key} is {kind(found[key])}: give text, which may be empty.")
    return found, model


@check
def answers(function: Callable, turns: list[Json]) -> None:
    """Check run() with a model that answers in its last message. Raises Mistake."""
    with _recorded() as reached:
        found, model = _run(function, turns)
    conversation = found["messages"]
    for number, turn in enumerate(turns):
        if number >= len(model.seen):
            raise Mistake(
                f"The model was asked {len(model.seen)} times, and it answers in message "
                f"{len(turns)}: after its calls, wrong ones too, it is asked again."
            )
        _check_conversation(model.seen[number], turns[:number])
        if not turn.get("tool_calls"):
            break
    _check_conversation(conversation, turns)
    wanted = [call for turn in turns for call in turn.get("tool_calls") or []]
    able = [call["function"]["name"] for call in wanted]
    able = [name for name in able if name in TOOLS]
    if reached != able:
        raise Mistake(f"These functions were called: {reached}; {able} is right.")
    if found["stopped"]:
        raise Mistake(f"The model answered, and stopped is {found['stopped']!r}: '' is right.")
    expected = turns[-1]["content"] or ""
    if found["answer"] != expected:
        raise Mistake(f"run's answer is {found['answer']!r} and {expected!r} is right.")


def _check_conversation(found: list[Json], turns: list[Json]) -> None:
    """Check what the model is given after it has said `turns`. Raises Mistake."""
    expected = [{"role": "user", "content": QUESTION}]
    for turn in turns:
        expected.append(turn)
        for call in turn.get("tool_calls") or []:
            expected.append({"role": "tool", "tool_call_id": call["id"]})
    roles, right = [m.get("role") for m in found], [m["role"] for m in expected]
    if found[:1] != expected[:1]:
        raise Mistake(f"The conversation begins with {found[:1]}; the user's question is right.")
    if roles != right:
        raise Mistake(f"The roles are {', '.join(map(str, roles))}; {', '.join(right)} is right. "
                      f"{_role_mistake(roles, right)}")  # fmt: skip
    ids = [m.get("tool_call_id") for m in found if m["role"] == "tool"]
    wanted = [m["tool_call_id"] for m in expected if m["role"] == "tool"]
    if ids != wanted:
        raise Mistake(f"The results have the ids {ids}; {wanted} is right, in the calls' order.")
    said = [m for m in found if m["role"] == "assistant"]
    if said != turns:
        raise Mistake("The model's messages are not as it gave them: add them unchanged.")


def _role_mistake(roles: list, right: list[str]) -> str:
    if roles.count("tool") < right.count("tool"):
        return "Every call of a message gets its result."
    if roles.count("assistant") < right.count("assistant"):
        return "A message of the model is missing: add each, the last one too."
    if sorted(map(str, roles)) == sorted(right):
        return "The message that asks comes before the results of its calls."
    return "After each message of the model come the results of its calls, and nothing else."


@check
def stops(
    function: Callable, turns: Callable[[int], Json], why: str, asked: int, **rounds: int
) -> None:
    """Check run() with a model that never answers; asked: how often it may be. Raises Mistake."""
    with _recorded() as reached:
        found, model = _run(function, turns, **rounds)
    limit = rounds.get("rounds", 5)
    if len(model.seen) != asked:
        said = f"rounds is {limit}."
        if why == "repeats":
            said = "Its second message repeats the calls of the first (only the ids differ)."
        elif len(model.seen) < asked and turns is TURNING_BACK:
            said = "Only the message right before counts as a repetition."
        raise Mistake(f"The model was asked {len(model.seen)} times, and {asked} is right. {said}")
    if found["stopped"] != why:
        raise Mistake(f"run's stopped is {found['stopped']!r} and {why!r} is right.")
    if found["answer"]:
        raise Mistake(f"run's answer is {found['answer']!r}, though the model gave none: ''.")
    made = 1 if why == "repeats" else asked
    if len(reached) != made:
        raise Mistake(
            f"get_weather was called {len(reached)} times, and {made} is right: repeated calls "
            "are not made, all others are."
        )


# ---------------------------------------------------------------- exercise 4: needless calls

VERDICTS = ("right", "needless", "missing", "name", "value")


@check
def judge(function: Callable, calls: list[Json], expected: list[Json], verdict: str) -> None:
    """Check judge(calls, expected). Raises Mistake."""
    found = function(copy.deepcopy(calls), copy.deepcopy(expected))
    if type(found) is not str or found not in VERDICTS:
        shown = repr(found) if type(found) is str else kind(found)
        raise Mistake(f"judge gave {shown}: give one of {', '.join(VERDICTS)}.")
    if found != verdict:
        raise Mistake(
            f"judge({_listed(calls)}, {_listed(expected)}) gave {found!r} and {verdict!r} is "
            f"right. {_judge_mistake(calls, expected, found)}"
        )


def _listed(calls: list[Json]) -> str:
    made = (f"{call['name']}({json.dumps(call['arguments'])})" for call in calls)
    return f"[{', '.join(made)}]"


def _judge_mistake(calls: list[Json], expected: list[Json], found: str) -> str:
    if not calls or not expected:
        return "Look at the two cases first in which one of the lists is empty."
    if sorted(c["name"] for c in calls) != sorted(c["name"] for c in expected):
        return "The names come before the values, and each counts as often as it occurs."
    if found == "name":
        return "The names are the wanted ones, in whatever order."
    if found == "value":
        return "5 and 5.0 are one number, and the order of the calls does not matter."
    if calls[1:] and calls[0] == calls[1]:
        return "One call was made twice, and the other one not at all."
    if any(value is True or value is False for value in expected[0]["arguments"].values()):
        return "In JSON true is not 1, although Python says True == 1."
    return 'The text "5" is not the number 5.'


@check
def rates(
    function: Callable, verdicts: list[str], wanted: list[bool], expected: tuple[float, float]
) -> None:
    """Check rates(verdicts, wanted) against the two shares. Raises Mistake."""
    found = function(list(verdicts), list(wanted))
    if type(found) is not dict or set(found) != {"wanted", "unwanted"}:
        raise Mistake(f"rates gave {found!r}: give a dict with wanted and unwanted.")
    for key, share, want in zip(("wanted", "unwanted"), expected, (True, False), strict=True):
        value = real(f"rates(...)[{key!r}]", found[key])
        if math.isclose(value, share, abs_tol=1e-9):
            continue
        right = sum(v == "right" and w is want for v, w in zip(verdicts, wanted, strict=True))
        said = "Count the verdict 'right' among these questions, and divide by these questions."
        if math.isclose(value, right / len(verdicts)):
            said = "You divided by all questions: divide by those of this kind."
        elif math.isclose(value, 100 * share):
            said = "That is percent: give a share from 0 to 1."
        raise Mistake(f"rates(...)[{key!r}] is {value:g} and {share:g} is right. {said}")


@check
def refuses_rates(function: Callable, verdicts: list[str], wanted: list[bool]) -> None:
    """Check that rates() raises ValueError when a kind is missing. Raises Mistake."""
    kinds = "wants" if all(wanted) else "does not want"
    refuses(f"Every question {kinds} a call", function, list(verdicts), list(wanted))


# ---------------------------------------------------------------- exercise 5: a forced call


@contextlib.contextmanager
def _requests(rt: Runtime) -> Iterator[list[Json]]:
    """The fields of the chat requests that the block sends, as a list that fills."""
    completions, sent = rt.client.chat.completions, []
    original = completions.create

    def create(**fields: Any) -> Any:
        sent.append(fields)
        return original(**fields)

    completions.create = create
    try:
        yield sent
    finally:
        completions.create = original


@check
def forced(function: Callable, rt: Runtime, question: str, tool: Json) -> None:
    """Check forced() on a runtime that can force a call. Raises Mistake."""
    name = tool["function"]["name"]
    call = f"forced(client, model, {question!r}, {name})"
    with _requests(rt) as sent:
        try:
            found = function(rt.client, rt.model, question, copy.deepcopy(tool))
        except (TypeError, IndexError, ValueError) as error:
            said = f"{call} stopped with {type(error).__name__} ({error})"
            found = error
    if not sent:
        raise Mistake(f"{call} sent no request with client.chat.completions.create.")
    if isinstance(found, Exception):
        raise Mistake(f"{said}. {_not_forced(sent[-1])}")
    if type(found) is str:
        raise Mistake(f"{call} gave text: the arguments are JSON, so load them into a dict.")
    if type(found) is not dict:
        raise Mistake(f"{call} gave {kind(found)}: give a dict. {_not_forced(sent[-1])}")
    try:
        jsonschema.validate(found, tool["function"]["parameters"])
    except jsonschema.ValidationError as error:
        raise Mistake(f"{call} gave {found}, which does not fit: {error.message}.") from None
    if sent[-1].get("temperature") != 0:
        raise Mistake(f"{call}: the temperature is {sent[-1].get('temperature')}, and 0 is right.")


def _not_forced(fields: Json) -> str:
    choice = fields.get("tool_choice", "auto")
    if choice == "auto":
        return "With tool_choice 'auto' the model need not call anything: it must be 'required'."
    return "Look at what reply.choices[0].message.tool_calls holds."


@check
def cut_off(function: Callable, rt: Runtime, question: str, tool: Json, max_tokens: int) -> None:
    """Check that forced() raises ValueError where max_tokens leave no room for a call. Raises
    Mistake."""
    why = f"With {max_tokens} tokens there is no call"
    refuses(why, function, rt.client, rt.model, question, copy.deepcopy(tool), max_tokens)


# ---------------------------------------------------------------- for all of them


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, in type as well."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if type(one) is list:
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other

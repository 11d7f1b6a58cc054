"""Are function calls right? Name, arguments against the tool's JSON Schema, then the values."""

import json
import math
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator

from workbook.evaluate.answers import plain_call


@dataclass(frozen=True)
class Fault:
    """What is wrong with a call, in one line; `kind` is name, json, schema, count or value."""

    kind: str
    why: str


def function(tool: dict) -> dict:
    """The name, description and parameters of a tool, from OpenAI's `{"type": "function", ...}`
    or from the function alone."""
    return tool.get("function", tool)


def as_openai(tools: list[dict]) -> list[dict]:
    """Tools as an OpenAI client sends them."""
    return [{"type": "function", "function": function(tool)} for tool in tools]


def invalid(call: object, tools: list[dict]) -> Fault | None:
    """What is wrong with a call for the tools that were offered, whatever was asked; None when
    the function exists and the arguments satisfy its schema.

    An argument that the schema does not name is a fault too, unless the schema allows it with
    `additionalProperties`.
    """
    plain = plain_call(call)
    known = {function(tool)["name"]: function(tool) for tool in tools}
    name, arguments = plain["name"], plain["arguments"]
    if name not in known:
        offered = ", ".join(known) or "none at all"
        return Fault("name", f"there is no function {name!r} (there is {offered})")
    if arguments is None:
        return Fault("json", f"the arguments of {name} are not a JSON object")
    schema = {"additionalProperties": False, **(known[name].get("parameters") or {})}
    if not schema.get("properties"):
        schema["properties"] = {}
    for error in _sorted(Draft202012Validator(schema).iter_errors(arguments)):
        where = ".".join(str(part) for part in error.absolute_path)
        return Fault("schema", f"{name}: {where + ': ' if where else ''}{error.message}")
    return None


def _sorted(errors: Any) -> list[jsonschema.ValidationError]:
    return sorted(errors, key=lambda e: ([str(p) for p in e.absolute_path], e.message))


def compare(
    calls: list,
    expected: list[dict],
    tools: list[dict],
    *,
    tolerance: float = 1e-6,
    loose: bool = False,
) -> Fault | None:
    """What is wrong with the calls that a model made, in any order; None when they are right.

    expected: the calls that must be made, each {"name", "arguments"}; an empty list means that
    none may be made. A call may also have "accept": {argument: [further right values]}, and
    "optional": [arguments that may be left out]. tolerance: relative, for numbers; loose: text is
    compared without capitals, spaces and punctuation.

    5 and 5.0 are one number, "5" is none, and true is not 1.
    """
    for call in calls:
        # A bank may offer tools whose schemas are not known: then only values are compared.
        if tools and (fault := invalid(call, tools)):
            return fault
    plain = [plain_call(call) for call in calls]
    if not expected and plain:
        return Fault("count", f"no call was wanted, and there is one of {plain[0]['name']}")
    if expected and not plain:
        return Fault("count", f"no call was made, and {_named(expected)} was wanted")
    names, wanted = sorted(c["name"] or "" for c in plain), sorted(c["name"] for c in expected)
    if names != wanted:
        kind = "name" if len(names) == len(wanted) else "count"
        return Fault(kind, f"{', '.join(names)} was called, and {', '.join(wanted)} was wanted")

    def fits(call: dict, other: dict) -> bool:
        return not _difference(call, other, tolerance, loose)

    if _pairs(plain, expected, fits):
        return None
    for call in plain:
        if not any(fits(call, other) for other in expected):
            other = next(o for o in expected if o["name"] == call["name"])
            return Fault("value", _difference(call, other, tolerance, loose))
    return Fault("value", "one call was made twice, and another is missing")


def _named(expected: list[dict]) -> str:
    return ", ".join(call["name"] for call in expected)


def _pairs(calls: list[dict], expected: list[dict], fits) -> bool:
    """Whether every call can be given an expected one of its own."""
    if not calls:
        return True
    first, *rest = calls
    return any(
        fits(first, other) and _pairs(rest, expected[:i] + expected[i + 1 :], fits)
        for i, other in enumerate(expected)
    )


def _difference(call: dict, other: dict, tolerance: float, loose: bool) -> str:
    name, given = call["name"], call["arguments"]
    if name != other["name"]:
        return f"{name} is not {other['name']}"
    if given is None:
        return f"the arguments of {name} are not a JSON object"
    accept = other.get("accept", {})
    wanted = {key: [value] for key, value in other.get("arguments", {}).items()}
    for key, values in accept.items():
        wanted[key] = [*wanted.get(key, []), *values]
    optional = set(other.get("optional", ()))
    for key, values in wanted.items():
        if key not in given:
            if key in optional:
                continue
            return f"{name}: the argument {key} is missing"
        if not any(same(given[key], value, tolerance, loose) for value in values):
            shown = " or ".join(json.dumps(v, ensure_ascii=False) for v in values)
            got = json.dumps(given[key], ensure_ascii=False)
            return f"{name}: {key} is {got}, and {shown} was wanted"
    for key in given:
        if key not in wanted and key not in optional:
            return f"{name}: the argument {key} was not wanted"
    return ""


def same(one: Any, other: Any, tolerance: float = 1e-6, loose: bool = False) -> bool:
    """Whether two JSON values are equal: numbers within a relative tolerance, everything else
    exactly, and text without capitals, spaces and punctuation when loose."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)
    if isinstance(one, str) and isinstance(other, str):
        return _letters(one) == _letters(other) if loose else one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            same(a, b, tolerance, loose) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key], tolerance, loose) for key in one
        )
    return one is other


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())

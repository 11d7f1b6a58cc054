"""Let a model use Python functions: ask, call, give the result back, until there is an answer."""

import inspect
import json
import re
import time
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pydantic

from workbook.errors import CourseError
from workbook.evaluate import strategies
from workbook.tables import Table

if TYPE_CHECKING:
    import openai


class ToolError(Exception):
    """Why a call has no result, in words that a model can use."""


@dataclass(frozen=True)
class Tool:
    """A Python function that a model may call. `schema` is what the model is told: name,
    description and JSON Schema of the parameters."""

    function: Callable[..., Any]
    schema: dict[str, Any]
    arguments: type[pydantic.BaseModel] = field(repr=False)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.schema["name"]

    def call(self, arguments: str) -> str:
        """Check the arguments (JSON text), call the function, and give its result as text.

        Raises ToolError when the arguments do not fit, and when the function raises.
        """
        try:
            checked = self.arguments.model_validate_json(arguments, strict=True)
        except pydantic.ValidationError as error:
            raise ToolError(_said(error)) from None
        given = {name: getattr(checked, name) for name in self.arguments.model_fields}
        try:
            result = self.function(**given)
        except Exception as error:
            # Whatever goes wrong in a tool is for the model to see, and to work around.
            raise ToolError(f"{type(error).__name__}: {error}") from error
        return result if isinstance(result, str) else json.dumps(_plain(result), ensure_ascii=False)


def _said(error: pydantic.ValidationError) -> str:
    parts = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"])
        parts.append(f"{where + ': ' if where else ''}{fault['msg']}")
    return "; ".join(parts)


def _plain(result: Any) -> Any:
    return pydantic.TypeAdapter(Any).dump_python(result, mode="json")


def declare(function: Callable[..., Any]) -> Tool:
    """A function as a tool: types from its annotations, words from its docstring.

    The docstring's first paragraph describes the function; a line `name: text` or
    `name (type): text` anywhere in it describes a parameter. Raises CourseError when a parameter
    has no type or cannot be given by name, and when there is no description.
    """
    name, doc = function.__name__, inspect.getdoc(function) or ""
    description = " ".join(doc.partition("\n\n")[0].split())
    if not description:
        raise CourseError(
            f"The function {name} cannot be a tool: it has no docstring, and the model would not "
            f"know what it does."
        )
    hints, fields = typing.get_type_hints(function, include_extras=True), {}
    for parameter in inspect.signature(function).parameters.values():
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if parameter.name not in hints or not by_name:
            raise CourseError(
                f"The function {name} cannot be a tool: its parameter {parameter.name} needs a "
                f"type and must be a plain one, like `{parameter.name}: float`."
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        said = _parameter_text(doc, parameter.name)
        fields[parameter.name] = (
            hints[parameter.name],
            pydantic.Field(default, description=said or None),
        )
    config = pydantic.ConfigDict(extra="forbid")
    arguments = pydantic.create_model(name, __config__=config, **fields)
    parameters = _short(arguments.model_json_schema())
    for key in ("description", "additionalProperties"):  # the one is above, the other understood
        parameters.pop(key, None)
    schema = {"name": name, "description": description, "parameters": parameters}
    return Tool(function, schema, arguments)


def _parameter_text(doc: str, name: str) -> str:
    found = re.search(rf"^\s*{re.escape(name)}\s*(?:\([^)]*\))?:\s*(.+)$", doc, re.M)
    return found[1].strip() if found else ""


_ORDER = ("type", "description", "properties", "required")


def _short(schema: Any, named: bool = False) -> Any:
    """A schema in the usual order, without the titles that pydantic adds: they only cost tokens.
    `named`: these keys are names of properties, and one may well be called title."""
    if isinstance(schema, list):
        return [_short(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    keys = list(schema) if named else sorted(schema, key=_place)
    return {
        key: _short(schema[key], named=not named and key in ("properties", "$defs"))
        for key in keys
        if named or key != "title"
    }


def _place(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)


# ---------------------------------------------------------------- the loop


@dataclass(frozen=True)
class Limits:
    """Where a loop ends. `rounds`: requests to the model; `calls`: function calls in all;
    `seconds`: for everything; `result`: characters of one result that the model is shown."""

    rounds: int = 6
    calls: int = 12
    seconds: float = 120.0
    result: int = 2000


@dataclass(frozen=True)
class Step:
    """One step of a loop. `kind`: model (the model spoke or asked for calls), result (a function
    was called) or error (a call had no result); `text` is what was said, given or wrong."""

    round: int
    kind: str
    text: str
    name: str = ""
    arguments: str = ""
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class Trace:
    """A loop, step by step. `answer` is the model's last text; `stopped` says why the loop was
    ended without one, empty when the model answered; `messages` is the whole conversation."""

    messages: list[dict]
    steps: list[Step] = field(default_factory=list)
    answer: str = ""
    stopped: str = ""

    @property
    def calls(self) -> list[Step]:
        """Every call that was made, with its result or its error."""
        return [step for step in self.steps if step.kind != "model"]

    def table(self) -> Table:
        """One row a step."""
        return Table([_row(step) for step in self.steps], self.stopped)


def _row(step: Step) -> dict[str, str]:
    call = f"{step.name}({step.arguments})" if step.name else ""
    return {
        "round": str(step.round),
        "step": step.kind,
        "call": call,
        "text": " ".join(step.text.split())[:200],
        "seconds": f"{step.seconds:.2f}",
    }


def run(
    client: "openai.OpenAI",
    model: str,
    messages: str | Sequence[dict],
    tools: Sequence[Tool | Callable[..., Any]],
    *,
    first: str = "auto",
    limits: Limits | None = None,
    **options: Any,
) -> Trace:
    """Ask a model that may call tools, until it answers in words or a limit is reached.

    messages: a question, or a conversation; first: the strategy of the first round (see
    strategies), later rounds are `auto`, so that the model can answer; options: further fields of
    every request, by default temperature=0 and max_tokens=512.

    A call that is wrong (no such function, arguments that do not fit, a function that raises)
    does not end the loop: the model gets the error as the call's result. Answers are never
    streamed: several servers lose function calls in a stream.

    Raises CourseError for a wrong strategy or function, and what the client raises.
    """
    offered = {t.name: t for t in (t if isinstance(t, Tool) else declare(t) for t in tools)}
    schemas = [tool.schema for tool in offered.values()]
    limits, options = limits or Limits(), {"temperature": 0, "max_tokens": 512, **options}
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    trace, started, made = Trace(list(messages)), time.monotonic(), 0
    before: list[tuple[str, str]] = []
    for number in range(1, limits.rounds + 1):
        left = limits.seconds - (time.monotonic() - started)
        if left <= 0:
            trace.stopped = f"stopped after {limits.seconds:g} seconds"
            return trace
        strategy = first if number == 1 else "auto"
        how = strategies.request(strategy, schemas, max_tokens=options["max_tokens"])
        asked = _ask(client, model, trace, number, schemas, timeout=left, **how, **options)
        if not asked.tool_calls:
            trace.answer = asked.text
            return trace
        wanted = [(c["function"]["name"], c["function"]["arguments"]) for c in asked.tool_calls]
        made += len(wanted)
        if made > limits.calls:
            trace.stopped = f"stopped: more than {limits.calls} calls"
            return trace
        if wanted == before:
            trace.stopped = "stopped: the model repeats its last calls"
            return trace
        before = wanted
        for call in asked.tool_calls:
            trace.messages.append(_execute(call, offered, trace, number, limits))
    trace.stopped = f"stopped after {limits.rounds} rounds"
    return trace


def _ask(
    client: "openai.OpenAI", model: str, trace: Trace, number: int, known: list[dict], **fields: Any
) -> strategies.Asked:
    started = time.perf_counter()
    completion = client.chat.completions.create(model=model, messages=trace.messages, **fields)
    seconds, usage = time.perf_counter() - started, completion.usage
    message = completion.choices[0].message.model_dump(exclude_none=True)
    asked = strategies.read(message, known)
    trace.steps.append(
        Step(
            number,
            "model",
            asked.text or f"{len(asked.tool_calls)} calls",
            seconds=seconds,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
        )
    )
    said: dict[str, Any] = {"role": "assistant", "content": asked.text}
    if asked.tool_calls:
        said["tool_calls"] = asked.tool_calls
    trace.messages.append(said)
    return asked


def _execute(
    call: dict, offered: dict[str, Tool], trace: Trace, number: int, limits: Limits
) -> dict[str, Any]:
    """Make one call; gives the message with its result."""
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    started = time.perf_counter()
    try:
        if name not in offered:
            raise ToolError(f"there is no function {name}: choose one of {', '.join(offered)}")
        kind, text = "result", offered[name].call(arguments)
    except ToolError as error:
        kind, text = "error", str(error)
    if len(text) > limits.result:
        text = f"{text[: limits.result]} … ({len(text)} characters)"
    seconds = time.perf_counter() - started
    trace.steps.append(Step(number, kind, text, name, arguments, seconds))
    content = text if kind == "result" else json.dumps({"error": text}, ensure_ascii=False)
    return {"role": "tool", "tool_call_id": call.get("id", ""), "content": content}

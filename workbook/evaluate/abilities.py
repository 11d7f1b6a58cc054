"""What a runtime can do with function calls, found out by asking it.

Documentation says what a server takes; this says what it does. Every probe is a request that has
no harm in it, at temperature 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import openai

from workbook.evaluate import banks, calls, strategies
from workbook.evaluate.answers import plain_call
from workbook.evaluate.banks import Question
from workbook.runtimes import Runtime
from workbook.tables import Table

REFUSED = "refused"
"""Stands for a request that the server answers with an error."""

MAX_TOKENS = 200


@dataclass(frozen=True)
class Abilities:
    """What one runtime did.

    shown: whether the prompt grows by the tools' descriptions, so that the model can see them.
    forced: by strategy, how many of `asked` questions that want no call got a valid one all the
    same; None where the server refuses such a request. streamed: whether a call comes through a
    stream as it does whole; None when the model made no call.
    """

    name: str
    engine: str
    asked: int
    shown: bool
    forced: dict[str, int | None]
    streamed: bool | None


def probe(rt: Runtime, questions: Sequence[Question] = ()) -> Abilities:
    """Ask a runtime what it can do. questions: with tools, and such that no call is wanted; the
    course's own when left out.

    Raises openai.APIConnectionError when the server is not there.
    """
    questions = list(questions) or banks.load("tools", families=("no_call",))
    [weather] = [q for q in banks.load("tools") if q.id == "tools/one_call/3"]
    forcing = [name for name in strategies.NAMES if name != "auto"]
    return Abilities(
        name=rt.name,
        engine=rt.engine,
        asked=len(questions),
        shown=_prompt_tokens(rt, weather, True) > _prompt_tokens(rt, weather, False),
        forced={name: _forced(rt, name, questions) for name in forcing},
        streamed=_streamed(rt, weather),
    )


def _ask(rt: Runtime, question: Question, **fields: Any) -> Any:
    given = {"max_tokens": MAX_TOKENS, "temperature": 0} | fields
    return rt.client.chat.completions.create(
        model=rt.model, messages=question.messages(), **given
    )  # fmt: skip


def _prompt_tokens(rt: Runtime, question: Question, offered: bool) -> int:
    fields = strategies.request("auto", question.tools if offered else [])
    usage = _ask(rt, question, **fields, **{"max_tokens": 1}).usage
    return usage.prompt_tokens if usage else 0


def _forced(rt: Runtime, strategy: str, questions: Sequence[Question]) -> int | None:
    valid = 0
    for question in questions:
        fields = strategies.request(strategy, question.tools, max_tokens=MAX_TOKENS)
        try:
            message = _ask(rt, question, **fields).choices[0].message
        except openai.BadRequestError:
            return None
        made = strategies.read(message.model_dump(exclude_none=True), question.tools).tool_calls
        valid += bool(made) and not any(calls.invalid(call, question.tools) for call in made)
    return valid


def _streamed(rt: Runtime, question: Question) -> bool | None:
    offered = strategies.request("auto", question.tools)
    whole = [
        plain_call(c) for c in _ask(rt, question, **offered).choices[0].message.tool_calls or []
    ]
    if not whole:
        return None
    parts: dict[int, dict[str, str]] = {}
    try:
        for chunk in _ask(rt, question, stream=True, **offered):
            for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                part = parts.setdefault(call.index, {"name": "", "arguments": ""})
                part["name"] += call.function.name or ""
                part["arguments"] += call.function.arguments or ""
    except openai.BadRequestError:
        return False
    return [plain_call({"function": part}) for part in parts.values()] == whole


def table(found: Sequence[Abilities]) -> Table:
    """One row for each runtime. Raises ValueError for none."""
    rows = [
        {
            "runtime": one.name,
            "engine": one.engine,
            "tools reach the model": _yes(one.shown),
            **{f"{name}: valid calls": _share(n, one.asked) for name, n in one.forced.items()},
            "calls in a stream": _yes(one.streamed),
        }
        for one in found
    ]
    return Table(rows, "asked for a call where none is wanted: what can be forced")


def _yes(value: bool | None) -> str:
    return "no call made" if value is None else "yes" if value else "no"


def _share(count: int | None, total: int) -> str:
    return REFUSED if count is None else f"{count} of {total}"

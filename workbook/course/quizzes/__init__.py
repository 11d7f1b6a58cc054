"""The self-check quizzes: one file of questions a lesson, beside this module.

A file `NN_name.toml` belongs to the lesson `notebooks/NN_name.ipynb`:

    [[question]]
    id = "short-name"
    text = "What is asked? `code` stands between backticks."
    right = 1                   # left out: 1; else how many choices are right

    [[question.choice]]
    text = "a choice"
    right = true                # left out: false
    why = "One or more sentences that say why it is right or wrong."

Nothing here is graded, counted or kept.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbook.errors import CourseError

FOLDER = Path(__file__).parent
FEWEST, MOST = 3, 6
"""How many choices a question may have."""


@dataclass(frozen=True)
class Choice:
    """One answer to choose, whether it is right, and the feedback on it."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """What is asked, and what can be chosen. `id` is unique within its quiz."""

    id: str
    text: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """How many of the choices are right."""
        return sum(choice.right for choice in self.choices)


@dataclass(frozen=True)
class Quiz:
    """The questions of a lesson; `lesson` is the name of its notebook without the suffix."""

    lesson: str
    questions: tuple[Question, ...]


def names(folder: Path = FOLDER) -> list[str]:
    """The lessons that have a quiz, in order."""
    return sorted(file.stem for file in folder.glob("*.toml"))


def load(lesson: str, folder: Path = FOLDER) -> Quiz:
    """The quiz of a lesson, for example "04_convert_to_onnx".

    Raises CourseError when there is none, and when its file is not as it should be.
    """
    if lesson not in names(folder):
        known = ", ".join(names(folder)) or "none"
        raise CourseError(f"There is no quiz {lesson!r}: choose one of {known}.")
    file = folder / f"{lesson}.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{file.name} is not TOML ({error}): correct that place.") from None
    if problem := next(_problems(data), ""):
        raise CourseError(f"{file.name}, {problem}.")
    return Quiz(lesson, tuple(_question(row) for row in data["question"]))


def _question(row: dict[str, Any]) -> Question:
    choices = (
        Choice(_line(c["text"]), c.get("right", False), _line(c["why"])) for c in row["choice"]
    )
    return Question(row["id"], _line(row["text"]), tuple(choices))


def _line(text: str) -> str:
    """A text that was written over several lines as one line."""
    return " ".join(text.split())


# ---------------------------------------------------------------- what may be wrong in a file


def _problems(data: dict[str, Any]) -> Iterator[str]:
    """What is wrong, the first thing first: where, what was found, what to do."""
    yield from _fields(data, "the file", {"question": list}, {})
    if not data["question"]:
        yield "the file has no question: add [[question]]"
    seen: set[str] = set()
    for number, row in enumerate(data["question"], 1):
        where = f"question {number}"
        yield from _fields(row, where, {"id": str, "text": str, "choice": list}, {"right": int})
        where += f" ({row['id']})"
        if row["id"] in seen:
            yield f"{where}: the id was used before; give it another one"
        seen.add(row["id"])
        yield from _choices(row, where)


def _choices(row: dict[str, Any], where: str) -> Iterator[str]:
    choices = row["choice"]
    if not FEWEST <= len(choices) <= MOST:
        yield f"{where}: {len(choices)} choices; give it {FEWEST} to {MOST}"
    for letter, choice in zip(letters(len(choices)), choices, strict=True):
        here = f"{where}, choice {letter}"
        yield from _fields(choice, here, {"text": str, "why": str}, {"right": bool})
        if choice["why"].strip()[-1] not in ".!?":
            yield f"{here}: the feedback is no whole sentence; end it with a full stop"
    for key, what in (("text", "text"), ("why", "feedback")):
        if len({choice[key] for choice in choices}) < len(choices):
            yield f"{where}: two choices have the same {what}; tell them apart"
    stated, found = row.get("right", 1), sum(choice.get("right", False) for choice in choices)
    if found != stated:
        yield (
            f"{where}: {found} of its choices have right = true; mark {stated}, or say right = "
            f"{found or 1} in the question"
        )
    if found == len(choices):
        yield f"{where}: every choice is right; add a wrong one"


def _fields(row: Any, where: str, needed: dict[str, type], optional: dict[str, type]) -> Iterator:
    if not isinstance(row, dict):
        yield f"{where}: it is {row!r}; write it as a table with {', '.join(needed)}"
    for name in row.keys() - needed.keys() - optional.keys():
        yield f"{where}: there is no field {name!r}; use {', '.join([*needed, *optional])}"
    for name, kind in (needed | optional).items():
        if name in row or name in needed:
            yield from _value(row.get(name), f"{where}: the field {name!r}", kind)


def _value(value: Any, what: str, kind: type) -> Iterator[str]:
    if value is None:
        yield f"{what} is missing; add it"
    if type(value) is not kind:  # a bool is an int for isinstance
        yield f"{what} is {value!r}; write {_KINDS[kind]}"
    if kind is str and not value.strip():
        yield f"{what} is empty; write something"
    if kind is str and value.count("`") % 2:
        yield f"{what} has a backtick without its partner; close it"


_KINDS = {str: "a text in quotes", int: "a whole number", bool: "true or false",
          list: "[[...]] tables"}  # fmt: skip


def letters(count: int) -> str:
    """The names of so many choices: ABC…"""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count]

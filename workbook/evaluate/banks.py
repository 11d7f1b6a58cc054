"""Question banks: JSON Lines files with questions whose right answers are known."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from workbook.errors import CourseError
from workbook.evaluate import checkers

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Question:
    """A question with its expected answer.

    `checker` says how an answer is compared (see checkers.judge), `options` are what that checker
    takes. `system` is the system prompt, empty for none; `history` holds earlier messages, which
    come before the prompt, and `between` those that come after it: a call, and its result.
    `difficulty` is the bank's own word for it.
    """

    id: str
    family: str
    prompt: str
    expected: object
    checker: str
    source: str
    licence: str = "MIT"
    system: str = ""
    tools: list[dict] = field(default_factory=list)
    difficulty: str = ""
    history: list[dict] = field(default_factory=list)
    options: dict = field(default_factory=dict)
    between: list[dict] = field(default_factory=list)

    def messages(self) -> list[dict]:
        """The conversation that asks this question, in OpenAI's shape."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, *self.history, {"role": "user", "content": self.prompt}, *self.between]

    def is_right(self, text: str, tool_calls: list | None = None) -> bool:
        """True when an answer's text (or its tool calls) is right."""
        return self.judge(text, tool_calls).right

    def judge(self, text: str, tool_calls: list | None = None) -> "checkers.Verdict":
        """Whether an answer is right, what was found in it, and why it is wrong. Raises
        CourseError for an unknown checker, and where code cannot be run in a sandbox."""
        return checkers.judge(self, text, tool_calls or [])


def load(name: str, families: tuple[str, ...] = (), limit: int | None = None) -> list[Question]:
    """The questions of a bank: `tutorial` (the tutorial's own prompts), `heldout` (problems that
    pocket's training never saw), `tools` and `code` (written by hand for this course).

    families: only these; limit: at most so many of each family. Raises CourseError for a bank
    or a family that does not exist.
    """
    file = DATA / f"{name}.jsonl"
    if not file.exists():
        known = ", ".join(sorted(f.stem for f in DATA.glob("*.jsonl")))
        raise CourseError(f"There is no question bank {name!r}: choose one of {known}.")
    taken: dict[str, int] = {}
    chosen = []
    for line in file.read_text(encoding="utf-8").splitlines():
        question = Question(**json.loads(line))
        count = taken[question.family] = taken.get(question.family, 0) + 1
        if (not families or question.family in families) and (limit is None or count <= limit):
            chosen.append(question)
    if missing := set(families) - set(taken):
        raise CourseError(
            f"The bank {name!r} has no family {', '.join(sorted(missing))}: choose from "
            f"{', '.join(taken)}."
        )
    return chosen


def save(name: str, questions: list[Question]) -> Path:
    """Write a bank, one question a line."""
    DATA.mkdir(exist_ok=True)
    lines = (json.dumps(_row(q), ensure_ascii=False, sort_keys=True) for q in questions)
    file = DATA / f"{name}.jsonl"
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    return file


def _row(question: Question) -> dict:
    # These came later: a bank that does not use them reads as it did before.
    later = ("difficulty", "history", "options", "between")
    return {k: v for k, v in asdict(question).items() if v or k not in later}

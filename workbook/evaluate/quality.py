"""How good are the checkers themselves? Their verdicts against answers labelled by hand."""

import json
from collections.abc import Container
from dataclasses import dataclass

from workbook.evaluate import banks
from workbook.evaluate.checkers import Verdict
from workbook.evaluate.results import wilson
from workbook.tables import Table

LABELLED = "labelled/answers.jsonl"


@dataclass(frozen=True)
class Judged:
    """A labelled answer: its question, what a person says of it, and what the checker says."""

    question: banks.Question
    text: str
    tool_calls: list
    right: bool
    verdict: Verdict

    @property
    def agrees(self) -> bool:
        """Whether the checker says what the person says."""
        return self.verdict.right == self.right


@dataclass(frozen=True)
class Quality:
    """Precision: the share of answers called right that are right. Recall: the share of right
    answers that are called right."""

    judged: list[Judged]

    @property
    def precision(self) -> float:
        """0 to 1. Raises ValueError when no answer was called right."""
        return _share([j.right for j in self.judged if j.verdict.right])

    @property
    def recall(self) -> float:
        """0 to 1. Raises ValueError when no answer is right."""
        return _share([j.verdict.right for j in self.judged if j.right])

    @property
    def disagreements(self) -> list[Judged]:
        """Where checker and person differ."""
        return [j for j in self.judged if not j.agrees]

    def table(self) -> Table:
        """One row a checker, and one for all of them."""
        names = list(dict.fromkeys(j.question.checker for j in self.judged))
        groups = {name: [j for j in self.judged if j.question.checker == name] for name in names}
        return Table([_row(name, group) for name, group in {**groups, "all": self.judged}.items()])


def measure(checkers: Container[str] = ()) -> Quality:
    """Every labelled answer, judged; checkers: only the answers that are for these.

    Raises CourseError where code (the checker `python`) cannot be run in a sandbox.
    """
    lines = (banks.DATA / LABELLED).read_text(encoding="utf-8").splitlines()
    rows = enumerate(json.loads(line) for line in lines)
    return Quality([_judge(i, r) for i, r in rows if not checkers or r["checker"] in checkers])


def _judge(index: int, row: dict) -> Judged:
    question = banks.Question(
        id=f"labelled/{index}",
        family=row["checker"],
        prompt="",
        expected=row["expected"],
        checker=row["checker"],
        source="labelled by hand",
        tools=row.get("tools", []),
        options=row.get("options", {}),
    )
    calls = row.get("tool_calls", [])
    return Judged(question, row["text"], calls, row["right"], question.judge(row["text"], calls))


def _row(name: str, group: list[Judged]) -> dict[str, str]:
    quality, agreed = Quality(group), sum(j.agrees for j in group)
    low, high = wilson(agreed, len(group))
    return {
        "checker": name,
        "answers": str(len(group)),
        "right": str(sum(j.right for j in group)),
        "precision": f"{quality.precision:.3f}",
        "recall": f"{quality.recall:.3f}",
        "agreement, 95 %": f"{low:.0%} to {high:.0%}",
    }


def _share(values: list[bool]) -> float:
    if not values:
        raise ValueError("no answers to take a share of")
    return sum(values) / len(values)

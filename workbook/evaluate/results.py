"""Ask questions, keep the answers, count the right ones."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tqdm.auto import tqdm

from workbook.evaluate.banks import Question


class Reply(Protocol):
    """What a model gave: its text and, where it called tools, the calls (anything that
    answers.plain_call reads)."""

    text: str
    tool_calls: list


@dataclass(frozen=True)
class Result:
    """One question's answer and whether it was right."""

    id: str
    family: str
    right: bool
    text: str


def ask_all(
    questions: Iterable[Question], ask: Callable[[Question], Reply], label: str = ""
) -> list[Result]:
    """Ask every question once, in order, with a progress bar."""
    results = []
    for question in tqdm(list(questions), desc=label, leave=False):
        reply = ask(question)
        right = question.is_right(reply.text, reply.tool_calls)
        results.append(Result(question.id, question.family, right, reply.text))
    return results


def accuracy(results: list[Result]) -> float:
    """Share of right answers, 0 to 1. Raises ValueError for no results."""
    if not results:
        raise ValueError("no results: ask at least one question")
    return sum(r.right for r in results) / len(results)


def by_family(results: list[Result]) -> dict[str, list[Result]]:
    """The results of each family, families in order of appearance."""
    families: dict[str, list[Result]] = {}
    for result in results:
        families.setdefault(result.family, []).append(result)
    return families


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share of `right` in `total` (Wilson 1927).

    Raises ValueError when total is 0 or right is not within 0 and total.
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} of {total} is not a share")
    share, squared = right / total, z * z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    spread = share * (1 - share) / total + squared / (4 * total * total)
    half = z * math.sqrt(spread) / (1 + squared / total)
    # Rounding may put a bound a hair inside a share of 0 or 1, which it must hold.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))

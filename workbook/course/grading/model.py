"""The words of grading: a submission, a cell's score, a grade."""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one lab.

    notebook: None when there is no such file; problem: why it cannot be taken at all, a sentence
    for the student.
    """

    student: str
    lab: str
    notebook: Path | None
    problem: str = ""


@dataclass(frozen=True)
class CellScore:
    """One graded cell. message: what it said when it failed; empty when it passed."""

    cell: str
    points: float
    max: float
    message: str = ""

    @property
    def exercise(self) -> str:
        """The exercise that the cell belongs to, by its name: exercise_1_fit_test."""
        found = re.match(r"exercise_\d+", self.cell)
        return found.group() if found else self.cell


@dataclass(frozen=True)
class Grade:
    """The outcome of one submission.

    reason: why there are no points at all, or what was put right before grading; graded: whether
    the notebook was executed to its end; feedback: the page, relative to the output folder;
    flags: what an instructor should look at; manual: whether a person has still to give points,
    or has changed them.
    """

    student: str
    lab: str
    points: float
    max: float
    graded: bool
    reason: str = ""
    feedback: str = ""
    cells: list[CellScore] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    manual: str = ""

    def exercises(self) -> dict[str, tuple[float, float]]:
        """Points and maximum of each exercise."""
        sums: dict[str, tuple[float, float]] = {}
        for cell in self.cells:
            points, most = sums.get(cell.exercise, (0.0, 0.0))
            sums[cell.exercise] = (points + cell.points, most + cell.max)
        return sums


class Ungradable(Exception):
    """A submission gets no points; the text is the reason, a sentence for the student.

    log: more, for the instructor; lasting: False when grading it again may end otherwise.
    """

    def __init__(self, reason: str, log: str = "", lasting: bool = True):
        super().__init__(reason)
        self.log, self.lasting = log, lasting

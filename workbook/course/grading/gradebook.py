"""nbgrader's gradebook: SQLite in the output folder, or any database by its address.

Formgrader reads and writes the same one. Points that a person gives there win over ours, here and
in every table, also when the submission is graded again.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nbgrader.api import Gradebook, MissingEntry

from workbook.course.grading.model import CellScore, Grade
from workbook.course.grading.register import COURSE, quiet
from workbook.course.grading.submissions import Person
from workbook.errors import CourseError


@contextlib.contextmanager
def opened(address: str) -> Iterator[Gradebook]:
    """The gradebook at an address. Raises CourseError when it cannot be opened."""
    try:
        with quiet():
            book = Gradebook(address, COURSE)
    except Exception as error:  # SQLAlchemy's and each driver's own
        said = (str(error).splitlines() or [""])[0]
        raise CourseError(
            f"The gradebook {address.rpartition('@')[2]} cannot be opened "
            f"({type(error).__name__}: {said})."
        ) from None
    try:
        yield book
    finally:
        book.close()


def add_people(book: Gradebook, people: dict[str, Person]) -> None:
    """Put the roster into the gradebook."""
    for person in people.values():
        book.update_or_create_student(
            person.id,
            first_name=person.first_name or None,
            last_name=person.last_name or None,
            email=person.email or None,
            lms_user_id=person.canvas_id or None,
        )


def record(book: Gradebook, grade: Grade, manual: list[str]) -> None:
    """Write what the grader found. What a person has given stays, and is marked to be looked at
    again when the grader's points have changed."""
    student, lab = grade.student, grade.lab
    with contextlib.suppress(MissingEntry), quiet():
        book.find_assignment(lab)
        _student(book, student)
        book.update_or_create_submission(lab, student)
        cells = {cell.cell: cell for cell in grade.cells}
        for entry in book.find_submission_notebook(lab, lab, student).grades:
            found = cells.get(entry.name)
            waits = entry.name in manual
            points = None if waits else (found.points if found else 0.0)
            if entry.manual_score is not None:
                entry.needs_manual_grade = entry.needs_manual_grade or entry.auto_score != points
            else:
                entry.needs_manual_grade = waits
            entry.auto_score = points
        book.db.commit()


def _student(book: Gradebook, student: str) -> None:
    try:
        book.find_student(student)
    except MissingEntry:
        book.add_student(student)


def has(book: Gradebook, student: str, lab: str) -> bool:
    """Whether the gradebook has a submission."""
    try:
        book.find_submission(lab, student)
    except MissingEntry:
        return False
    return True


def override(book: Gradebook, student: str, lab: str, cell: str, points: float, why: str) -> None:
    """Give a cell's points by hand, as Formgrader does.

    Raises CourseError when the gradebook has no such cell, or it has fewer points than that.
    """
    try:
        notebook = book.find_submission_notebook(lab, lab, student)
    except MissingEntry:
        raise CourseError(f"The gradebook has no submission of {student} for {lab}.") from None
    entries = {entry.name: entry for entry in notebook.grades}
    if cell not in entries:
        raise CourseError(f"{lab} has no graded cell {cell!r}: it has {', '.join(entries)}.")
    entry = entries[cell]
    if not 0 <= points <= entry.max_score:
        raise CourseError(f"{cell} has 0 to {entry.max_score:g} points, not {points:g}.")
    entry.manual_score, entry.needs_manual_grade = points, False
    answers = {comment.name: comment for comment in notebook.comments}
    # the reason goes to the answer that the test is about, where the page shows comments
    place = answers.get(cell) or answers.get(cell.removesuffix("_test"))
    if why and (place := place or next(iter(answers.values()), None)):
        place.manual_comment = why
    book.db.commit()


def with_hand(book: Gradebook, grade: Grade) -> tuple[Grade, dict[str, str]]:
    """A grade with what a person has given, and the comments by answer cell."""
    try:
        notebook = book.find_submission_notebook(grade.lab, grade.lab, grade.student)
    except MissingEntry:
        return grade, {}
    entries = {entry.name: entry for entry in notebook.grades}
    cells, changed, waits = [], False, False
    for cell in grade.cells:
        entry = entries.get(cell.cell)
        if entry is None:
            cells.append(cell)
            continue
        waits |= entry.needs_manual_grade
        points = cell.points if entry.manual_score is None else entry.manual_score
        points += entry.extra_credit or 0.0
        changed |= points != cell.points or entry.manual_score is not None
        cells.append(CellScore(cell.cell, points, cell.max, cell.message))
    comments = {c.name: c.manual_comment for c in notebook.comments if c.manual_comment}
    manual = "to be graded by hand" if waits else "changed by hand" if changed else ""
    points = sum(cell.points for cell in cells)
    return replace(grade, cells=cells, points=points, manual=manual), comments

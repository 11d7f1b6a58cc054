"""A submission as it will be executed: the student's answers among the instructor's cells.

The rules are nbgrader's (its preprocessors DeduplicateIds and OverwriteCells): a locked cell's
source, type and points are the instructor's, whatever was handed in; a cell that is missing comes
back behind the one before it. nbgrader asks its database for each cell; here the source notebook
is enough.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from workbook.course.grading.model import Ungradable

MOST_BYTES = 20 * 2**20
"""A notebook that is larger is not read."""

MOST_CELLS = 2000


@dataclass(frozen=True)
class Prepared:
    """A notebook to execute, and what was put right in it: sentences."""

    book: Any
    notes: list[str]


def read(data: bytes, lab: str, name: str) -> Any:
    """A notebook of nbformat 4 from a file's bytes. Raises Ungradable when it is not one."""
    if len(data) > MOST_BYTES:
        raise Ungradable(
            f"{name} has {len(data) / 1e6:.0f} MB, and {MOST_BYTES / 1e6:.0f} are the most: clear "
            "its outputs in JupyterLab (Edit, Clear Outputs of All Cells) and hand it in again."
        )
    try:
        book = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        nbformat.validate(book)
    except nbformat.ValidationError as error:
        said = str(error).splitlines()[0]
        raise Ungradable(
            f"{name} is damaged and could not be read as a notebook ({said}): "
            "open it in JupyterLab, save it and hand it in again."
        ) from None
    except (Exception, RecursionError) as error:  # nbformat raises many kinds
        said = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise Ungradable(
            f"{name} is not a notebook ({type(error).__name__}: {said}): hand in the "
            f"file {lab}.ipynb that JupyterLab saves."
        ) from None
    if len(book.cells) > MOST_CELLS:
        raise Ungradable(
            f"{name} has {len(book.cells)} cells, and {MOST_CELLS} are the most: hand in the lab's "
            "notebook with your answers, and nothing else."
        )
    return book


def restore(book: Any, source: Any, others: dict[str, set[str]], lab: str) -> Prepared:
    """Put the instructor's cells back into a submission.

    source: the lab's notebook with its hidden tests; others: the names of the answer cells of
    each lab, by which another lab's notebook is known. Raises Ungradable when none of this
    lab's answer cells is there.
    """
    notes: list[str] = []
    _clear(book, source)
    originals = {name_of(cell): cell for cell in source.cells if name_of(cell)}
    note = drop_copies(book)
    notes += [note] if note else []
    _check_lab(book, originals, others, lab)
    kept = []
    for cell in book.cells:
        name = name_of(cell)
        if name and name not in originals:
            del cell.metadata["nbgrader"]
        elif name:
            cell = _restored(cell, originals[name])
        kept.append(cell)
    book.cells = kept
    missing = _add_missing(book, source)
    if missing:
        notes.append(f"{', '.join(missing)} was missing and was put back.")
    lost = [n for n, c in originals.items() if is_answer(c) and n not in set(map(name_of, kept))]
    if lost:
        notes.append(f"There is no cell {', '.join(lost)}: what it was for counts as not answered.")
    return Prepared(book, notes)


def name_of(cell: Any) -> str:
    """A cell's name in nbgrader; empty for an ordinary cell."""
    return (cell.metadata.get("nbgrader") or {}).get("grade_id") or ""


def is_answer(cell: Any) -> bool:
    """Whether students write in this cell."""
    return bool((cell.metadata.get("nbgrader") or {}).get("solution"))


def is_graded(cell: Any) -> bool:
    """Whether a cell gives points."""
    grader = cell.metadata.get("nbgrader") or {}
    return bool(grader.get("grade") or grader.get("task"))


def kind_of(cell: Any) -> str:
    """How the grader executes a code cell: test (points without an answer in it), locked or
    student."""
    grader = cell.metadata.get("nbgrader") or {}
    if grader.get("grade") and not grader.get("solution"):
        return "test"
    return "locked" if grader.get("locked") else "student"


def _clear(book: Any, source: Any) -> None:
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if not isinstance(cell.metadata.get("nbgrader", {}), dict):
            del cell.metadata["nbgrader"]
    # the kernel of this environment, whatever the student's was called
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    book.nbformat, book.nbformat_minor = 4, max(5, source.nbformat_minor)


def drop_copies(book: Any) -> str:
    """Of a named cell that is there twice the last copy counts: the others become ordinary cells.
    A sentence about it, or empty."""
    seen: set[str] = set()
    twice: list[str] = []
    ids: set[str] = set()
    for number, cell in enumerate(reversed(book.cells)):
        name = name_of(cell)
        if not name:
            cell.metadata.pop("nbgrader", None)
        elif name in seen:
            del cell.metadata["nbgrader"]
            twice.append(name)
        seen.add(name)
        if cell.get("id") in ids or not cell.get("id"):
            cell["id"] = f"cell-{len(book.cells) - number}"
        ids.add(cell["id"])
    if not twice:
        return ""
    return f"{', '.join(sorted(set(twice)))} was there more than once: the last copy counts."


def _check_lab(book: Any, originals: dict, others: dict[str, set[str]], lab: str) -> None:
    answers = {name for name, cell in originals.items() if is_answer(cell)}
    found = {name_of(cell) for cell in book.cells} - {""}
    if not answers or found & answers:
        return
    alike = {name: len(found & cells) for name, cells in others.items() if name != lab}
    best = max(alike, key=alike.get, default="")
    if best and alike[best]:
        raise Ungradable(f"This is the notebook of {best}, and {lab} was asked for.")
    raise Ungradable(
        f"None of the answer cells of {lab} is in this notebook: hand in labs/{lab}/{lab}.ipynb "
        "with your answers in the cells that are there for them."
    )


def _restored(cell: Any, original: Any) -> Any:
    """The submitted cell with what is the instructor's put back."""
    if original.metadata["nbgrader"].get("locked"):
        fresh = _copy(original)
        fresh["id"] = cell["id"]
        return fresh
    if cell.cell_type != original.cell_type:
        fresh = _copy(original)
        fresh["id"], fresh.source = cell["id"], cell.source
        return fresh
    cell.metadata["nbgrader"] = dict(original.metadata["nbgrader"])
    return cell


def _copy(cell: Any) -> Any:
    made = nbformat.from_dict(json.loads(json.dumps(cell)))
    if made.cell_type == "code":
        made.outputs, made.execution_count = [], None
    return made


def _add_missing(book: Any, source: Any) -> list[str]:
    """Bring the instructor's missing cells back, each behind the named cell before it."""
    present = {name_of(cell) for cell in book.cells}
    added, before = [], ""
    for original in source.cells:
        name = name_of(original)
        if not name:
            continue
        if name not in present and not (is_answer(original) and not is_graded(original)):
            places = [i for i, cell in enumerate(book.cells) if name_of(cell) == before]
            book.cells.insert(places[-1] + 1 if before and places else 0, _copy(original))
            present.add(name)
            added.append(name)
        if name in present:
            before = name
    return added


def plain(source: Path) -> Any:
    """An instructor's notebook. Raises what nbformat raises."""
    return nbformat.read(source, as_version=4)

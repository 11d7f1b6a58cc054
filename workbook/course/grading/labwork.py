"""A lab made ready for grading: its source with hidden tests, and its key."""

import base64
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat

from workbook import paths
from workbook.course import labs
from workbook.course.grading import boxes, register, restore
from workbook.course.grading.model import Submission
from workbook.errors import CourseError

HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS\n(.*?)[ \t]*### END HIDDEN TESTS\n?", re.DOTALL)
VERSION = "1"
"""Part of every key: raise it when grading itself changes what a submission gets."""


@dataclass(frozen=True)
class Lab:
    """What a worker needs to grade a lab.

    source: the instructor's notebook as JSON; cells: the graded cells and their points; files:
    those beside the notebook, base64; others: the answer cells of every lab, by which a notebook
    of another lab is known; key: of all that decides what a submission gets.
    """

    name: str
    source: str
    cells: dict[str, float]
    files: dict[str, str]
    others: dict[str, list[str]]
    key: str

    @property
    def most(self) -> float:
        """The points of the whole lab."""
        return sum(self.cells.values())

    @property
    def book(self) -> nbformat.NotebookNode:
        """The instructor's notebook."""
        return nbformat.reads(self.source, as_version=4)


def known(submissions: list[Submission], solutions: Path) -> list[str]:
    """The labs to prepare. Raises CourseError when none of the submissions' labs exists."""
    existing = [name for name in _names(solutions)]
    wanted = {submission.lab for submission in submissions}
    found = [lab for lab in existing if lab in wanted]
    if not found:
        raise CourseError(
            f"There is no lab {', '.join(sorted(wanted))}: the course has {', '.join(existing)}; "
            "rename the folders after one of them."
        )
    return found


def _names(solutions: Path) -> list[str]:
    more = [folder.name for folder in solutions.glob("capstone") if folder.is_dir()]
    return labs.names(solutions) + more


def answers(solutions: Path) -> dict[str, list[str]]:
    """The names of the answer cells of every lab that can be read."""
    found = {}
    for lab in _names(solutions):
        file = solutions / lab / f"{lab}.ipynb"
        if file.exists():
            cells = nbformat.read(file, as_version=4).cells
            found[lab] = [restore.name_of(cell) for cell in cells if restore.is_answer(cell)]
    return found


def prepare(
    lab: str,
    solutions: Path,
    work: Path,
    database: str = "",
    overlay: Path | None = None,
    others: dict[str, list[str]] | None = None,
) -> Lab:
    """Put a lab into the gradebook and make it ready, with the overlay's hidden tests.

    database: the gradebook's address, a throw-away one when left out. Raises CourseError when
    nbgrader refuses the source, or an overlay does not fit.
    """
    course = work / f"source-{lab}"
    shutil.copytree(solutions / lab, course, ignore=labs.IGNORED)
    if overlay:
        lay_over(course, lab, overlay)
    try:
        book = nbformat.read(course / f"{lab}.ipynb", as_version=4)
        cells = register.register(book, lab, database or f"sqlite:///{work / 'gradebook.db'}")
    except Exception as error:  # each of nbgrader's steps raises its own
        said = (str(error).splitlines() or [""])[0]
        raise CourseError(
            f"The source of {lab} cannot be graded ({type(error).__name__}: {said}): correct "
            f"{solutions / lab}, or use another --out for what has changed."
        ) from None
    files = _files(course)
    return Lab(lab, nbformat.writes(book), cells, files, others or {}, _key(book, files))


def _files(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".ipynb":
            name = path.relative_to(folder).as_posix()
            found[name] = base64.b64encode(path.read_bytes()).decode()
    return found


def _key(book: nbformat.NotebookNode, files: dict[str, str]) -> str:
    """Changes with the lab, with the checks that its tests call, and with how they are run."""
    source = nbformat.writes(book)
    made = hashlib.sha256(f"{VERSION} {source} {json.dumps(files)}".encode())
    course = paths.ROOT / "workbook" / "course"
    for file in [*sorted((course / "checks").rglob("*.py")), course / "grading" / "inside.py"]:
        made.update(file.read_bytes())
    return made.hexdigest()


# ---------------------------------------------------------------- private tests


def private_files(overlay: Path, labs: list[str]) -> list[str]:
    """One line a lab: the files of its overlay. Raises CourseError when no lab has one."""
    found = {lab: sorted(f.name for f in (overlay / lab).glob("*") if f.is_file()) for lab in labs}
    if not any(found.values()):
        there = sorted(path.name for path in overlay.glob("*")) if overlay.is_dir() else []
        raise CourseError(
            f"The overlay {overlay} has nothing for {', '.join(labs)}: it must hold labNN/CELL.py, "
            f"and it holds {', '.join(there) or 'nothing'}."
        )
    return [f"{lab}: with the private {', '.join(names)}." for lab, names in found.items() if names]


def lay_over(folder: Path, lab: str, overlay: Path) -> list[str]:
    """Put the private tests of overlay/labNN/ into a copy of a lab's source.

    CELL.py replaces the hidden tests of the test cell CELL, CELL.more.py adds to them; a
    labNN.ipynb replaces the whole source first, other files are put beside it. Returns what was
    changed. Raises CourseError for a cell that the lab does not have.
    """
    if not overlay.is_dir():
        raise CourseError(f"There is no overlay folder {overlay}: it must hold labNN/CELL.py.")
    place, changed = overlay / lab, []
    if not place.is_dir():
        return changed
    notebook = folder / f"{lab}.ipynb"
    if (place / notebook.name).exists():
        shutil.copyfile(place / notebook.name, notebook)
        changed.append(notebook.name)
    book = nbformat.read(notebook, as_version=4)
    tests = {restore.name_of(c): c for c in book.cells if restore.kind_of(c) == "test"}
    for file in sorted(place.iterdir()):
        if file.suffix == ".py":
            cell, _, more = file.stem.partition(".")
            if cell not in tests or more not in ("", "more"):
                raise CourseError(
                    f"The overlay has {lab}/{file.name}, and {lab} has no test cell {cell}: its "
                    f"test cells are {', '.join(tests)}."
                )
            tests[cell].source = _with(tests[cell].source, file.read_text("utf-8"), bool(more))
            changed.append(cell)
        elif file.is_file() and file.suffix != ".ipynb":
            shutil.copyfile(file, folder / file.name)
            changed.append(file.name)
    nbformat.write(book, notebook)
    return changed


def _with(source: str, hidden: str, more: bool) -> str:
    old = HIDDEN.search(source)
    kept = old.group(1) if old and more else ""
    block = f"### BEGIN HIDDEN TESTS\n{kept}{hidden.rstrip()}\n### END HIDDEN TESTS\n"
    if old:
        return source[: old.start()] + block + source[old.end() :]
    lines = source.splitlines(keepends=True)
    # before the last line, which says that the public checks have passed
    return "".join(lines[:-1]) + block + lines[-1]


# ---------------------------------------------------------------- the solution itself


def executable(book: nbformat.NotebookNode) -> list[dict]:
    """The code cells of a notebook as a box takes them."""
    return [
        {
            "kind": restore.kind_of(cell),
            "name": restore.name_of(cell) or cell.get("id", ""),
            "source": cell.source,
        }
        for cell in book.cells
        if cell.cell_type == "code"
    ]


def converts(lab: Lab) -> bool:
    """Whether a lab converts a model."""
    return "convert(" in lab.source


def fill_caches(lab: Lab, limits: boxes.Limits) -> None:
    """Run a lab's own solution in the open, once, when it converts a model: boxes cannot keep what
    they convert."""
    if converts(lab):
        files = {name: base64.b64decode(data) for name, data in lab.files.items()}
        with boxes.Box(boxes.preload(lab.book), boxes.NONE, limits) as box:
            box.execute(executable(lab.book), lab.name, files, None)

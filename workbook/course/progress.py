"""What a student has solved: the visible tests of the labs, and a small file that remembers.

    workbook check lab04        run the tests of labs/lab04/lab04.ipynb, as it is saved
    workbook check              show what is solved

Nothing is graded here, and nothing leaves this machine: the file is build/progress.json.
"""

import json
import re
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import nbformat

from workbook import paths
from workbook.course import labs
from workbook.errors import CourseError
from workbook.tables import Table

FILE = "progress.json"
SECONDS = 600
"""The longest that a cell may take."""

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Checked:
    """One test cell of a lab. message: what it said; empty when it passed."""

    cell: str
    exercise: str
    points: float
    message: str

    @property
    def solved(self) -> bool:
        """Whether the visible test passed."""
        return not self.message


def check(lab: str, folder: Path | None = None) -> list[Checked]:
    """Run a lab's notebook in a fresh kernel and give what its visible tests say; remembers it.

    folder: where the labs are, labs/ when left out. The notebook is not changed. Raises
    CourseError when there is no such lab, or its file is not a notebook.
    """
    folder = folder or paths.LABS
    found = _run(_book(lab, folder), folder / lab)
    _remember(lab, found)
    return found


def table(folder: Path | None = None) -> Table:
    """What is solved in each lab, as a table for notebooks and terminals.

    It says what the last `workbook check` has found: run it again after you have saved.
    """
    folder = folder or paths.LABS
    rows = []
    for lab in labs.names(folder):
        every = _exercises(_book(lab, folder))
        known = _saved().get(lab, {})
        good = [name for name in every if known.get("exercises", {}).get(name)]
        rows.append(
            {
                "lab": lab,
                "solved": f"{len(good)} of {len(every)} exercises",
                "to do": ", ".join(n.replace("exercise_", "") for n in every if n not in good)
                or "nothing",
                "last checked": known.get("when", "never"),
            }
        )
    return Table(rows, "Your labs (workbook check labNN)")


def command(lab: str) -> int:
    """`workbook check`: prints, and gives 1 when a test of the lab is not passed."""
    if not lab:
        print(table())
        return 0
    found = check(lab)
    for one in found:
        said = f": {one.message}" if one.message else ""
        print(f"{'OK' if one.solved else 'TO DO':<6}{one.cell}{said}")
    good = sum(one.solved for one in found)
    print(f"{lab}: {good} of {len(found)} public tests passed. Grading runs more tests.")
    return int(good < len(found))


def _book(lab: str, folder: Path) -> nbformat.NotebookNode:
    file = folder / lab / f"{lab}.ipynb"
    if not file.is_file():
        there = ", ".join(labs.names(folder))
        raise CourseError(f"There is no lab {lab!r} in {folder.name}/: choose one of {there}.")
    try:
        return nbformat.read(file, as_version=4)
    except Exception as error:  # nbformat raises many kinds
        raise CourseError(
            f"{file.name} is not a notebook ({type(error).__name__}): undo the last change, or get "
            f"it back with `git checkout -- {folder.name}/{lab}`."
        ) from None


def _name(cell: nbformat.NotebookNode) -> str:
    grader = cell.metadata.get("nbgrader") or {}
    return grader.get("grade_id", "") if grader.get("grade") else ""


def _exercise(name: str) -> str:
    found = re.match(r"exercise_\d+", name)
    return found.group() if found else name


def _exercises(book: nbformat.NotebookNode) -> list[str]:
    names = [_exercise(_name(cell)) for cell in book.cells if _name(cell)]
    return list(dict.fromkeys(names))


def _run(book: nbformat.NotebookNode, folder: Path) -> list[Checked]:
    import nbclient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    client = nbclient.NotebookClient(
        book,
        allow_errors=True,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # it warns that it listens on this machine, on the student's terminal
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    reason = "was not reached"
    try:
        client.execute()
    except CellTimeoutError:
        reason = f"was not reached: a cell took longer than {SECONDS} seconds"
    except DeadKernelError:
        reason = "was not reached: the Python process died"
    return [
        Checked(name, _exercise(name), cell.metadata.nbgrader.get("points", 0), _said(cell, reason))
        for cell in book.cells
        if (name := _name(cell)) and cell.cell_type == "code"
    ]


def _said(cell: nbformat.NotebookNode, reason: str) -> str:
    if cell.execution_count is None:
        return reason
    for output in cell.outputs:
        if output.output_type == "error":
            text = ANSI.sub("", output.evalue).strip()
            if output.ename == "NotImplementedError":
                return "not answered yet"
            return text if output.ename == "Mistake" else f"{output.ename}: {text}".strip(": ")
    return ""


def _remember(lab: str, found: list[Checked]) -> None:
    every = _saved()
    exercises: dict[str, bool] = {}
    for one in found:
        exercises[one.exercise] = exercises.get(one.exercise, True) and one.solved
    when = datetime.now().strftime("%Y-%m-%d %H:%M")
    tests = [asdict(one) for one in found]
    every[lab] = {"when": when, "exercises": exercises, "tests": tests}
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    new = paths.BUILD / f"{FILE}.new"
    new.write_text(json.dumps(every, indent=1), encoding="utf-8")
    new.replace(paths.BUILD / FILE)


def _saved() -> dict:
    try:
        saved = json.loads((paths.BUILD / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        print(f"{FILE} is not JSON ({error}) and is begun anew.", file=sys.stderr)
        return {}
    return saved if isinstance(saved, dict) else {}

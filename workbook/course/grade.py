"""Grades a class: every submission in a process, course folder and gradebook of its own.

    python -m workbook.course.grade SUBMISSIONS [--out FOLDER] [--workers N]

SUBMISSIONS holds STUDENT/labNN/labNN.ipynb. One bad submission never stops the others: each
ends with its points, or with 0 and a reason that a student can read.
"""

import argparse
import csv
import html
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from workbook import paths
from workbook.course import labs, options, processes
from workbook.errors import CourseError

CELL_LIMIT = 60
LIMIT = 600
WARNING = (
    "It runs the submissions' code as you, with your rights and your network: there is no "
    "sandbox yet. Grade only code that you trust, or grade inside a container or a virtual "
    "machine that holds nothing else."
)


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one lab. notebook: None when there is no such file."""

    student: str
    lab: str
    notebook: Path | None


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
    the notebook was executed to its end; feedback: the page, relative to the output folder.
    """

    student: str
    lab: str
    points: float
    max: float
    graded: bool
    reason: str = ""
    feedback: str = ""
    cells: list[CellScore] = field(default_factory=list)

    def exercises(self) -> dict[str, tuple[float, float]]:
        """Points and maximum of each exercise."""
        sums: dict[str, tuple[float, float]] = {}
        for cell in self.cells:
            points, most = sums.get(cell.exercise, (0.0, 0.0))
            sums[cell.exercise] = (points + cell.points, most + cell.max)
        return sums


class Ungradable(Exception):
    """A submission gets no points; the text is the reason, a sentence for the student.

    log: what nbgrader said, for the instructor.
    """

    def __init__(self, reason: str, log: str = ""):
        super().__init__(reason)
        self.log = log


# ---------------------------------------------------------------- finding and preparing


def find(folder: Path) -> list[Submission]:
    """The submissions in a folder, by student and lab. What lies elsewhere: see `misplaced`.

    Raises CourseError when the folder is not there or holds nothing that looks like one.
    """
    if not folder.is_dir():
        raise CourseError(
            f"There is no folder {folder}: give the one that holds STUDENT/labNN/labNN.ipynb."
        )
    found = []
    for place in sorted(folder.glob("*/lab*")):
        if place.is_dir() and not place.parent.name.startswith("."):
            found.append(Submission(place.parent.name, place.name, _notebook(place)))
    if not found:
        raise CourseError(
            f"Nothing in {folder} looks like a submission: it must hold a folder for each "
            "student, with labNN/labNN.ipynb inside."
        )
    return found


def misplaced(folder: Path, found: list[Submission]) -> list[Path]:
    """The notebooks in a folder that belong to none of the submissions found in it."""
    places = {folder / one.student / one.lab for one in found}
    notebooks = (p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts)
    return [path.relative_to(folder) for path in notebooks if path.parent not in places]


def _notebook(place: Path) -> Path | None:
    """The lab's notebook in a student's folder: by name, else the only one there is."""
    named = place / f"{place.name}.ipynb"
    if named.is_file():
        return named
    others = [path for path in place.glob("*.ipynb") if path.is_file()]
    return others[0] if len(others) == 1 else None


def known_labs(submissions: list[Submission], solutions: Path) -> list[str]:
    """The labs to prepare. Raises CourseError when none of the submissions' labs exists."""
    existing = labs.names(solutions)
    wanted = {submission.lab for submission in submissions}
    known = [lab for lab in existing if lab in wanted]
    if not known:
        raise CourseError(
            f"There is no lab {', '.join(sorted(wanted))}: the course has {', '.join(existing)}; "
            "rename the folders after one of them."
        )
    return known


@dataclass(frozen=True)
class Template:
    """A lab's course folder, ready to be copied for each submission, and its graded cells."""

    folder: Path
    cells: dict[str, float]


def prepare(lab: str, solutions: Path, work: Path) -> Template:
    """Make a lab's course folder under `work`. Raises CourseError when nbgrader refuses it."""
    folder = work / f"template-{lab}"
    shutil.copytree(solutions / lab, folder / "source" / lab, ignore=labs.IGNORED)
    command = _command(folder, lab, "prepare")
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode:
        log = folder / "log.txt"
        said = log.read_text(encoding="utf-8") if log.exists() else done.stderr
        raise CourseError(
            f"The source of {lab} cannot be graded ({labs.reason(said)}): "
            f"correct {solutions / lab}."
        )
    cells = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    shutil.rmtree(folder / "release", ignore_errors=True)
    return Template(folder, cells)


def _command(course: Path, lab: str, *action: str) -> list[str]:
    return [sys.executable, "-m", "workbook.course.grade_worker", str(course), lab, *action]


def _environment(mark: str = "") -> dict[str, str]:
    """The variables for a worker: the bundled model whatever the settings say, and a mark by
    which everything that it starts is found."""
    more = {
        "WORKBOOK_MODEL": "pocket",
        "WORKBOOK_PLACE": "auto",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    if mark:
        more[processes.MARK] = mark
    return labs.environment() | more


def clean(notebook: Path, lab: str) -> tuple[Any, str]:
    """A submission as nbgrader can take it, and a note on what was put right.

    Of a graded cell that is there twice the last copy counts, the others become ordinary cells.
    Raises Ungradable when the file is not a notebook.
    """
    try:
        book = nbformat.read(notebook, as_version=4)
        nbformat.validate(book)
    except nbformat.ValidationError as error:
        said = str(error).splitlines()[0]
        raise Ungradable(
            f"{notebook.name} is damaged and could not be read as a notebook ({said}): "
            "open it in JupyterLab, save it and hand it in again."
        ) from None
    except Exception as error:  # nbformat raises many kinds for a file that is something else
        said = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise Ungradable(
            f"{notebook.name} is not a notebook ({type(error).__name__}: {said}): hand in the "
            f"file {lab}.ipynb that JupyterLab saves."
        ) from None
    # the kernel of this environment, whatever the student's was called
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return book, _drop_copies(book)


def _drop_copies(book: Any) -> str:
    seen: set[str] = set()
    twice: list[str] = []
    for cell in reversed(book.cells):
        name = (cell.metadata.get("nbgrader") or {}).get("grade_id")
        if name is None:
            cell.metadata.pop("nbgrader", None)
        elif name in seen:
            del cell.metadata["nbgrader"]
            twice.append(name)
        seen.add(name)
    if not twice:
        return ""
    return f"{', '.join(sorted(set(twice)))} was there more than once: the last copy counts."


# ---------------------------------------------------------------- grading one


def grade_one(
    submission: Submission,
    template: Template | None,
    out: Path,
    limit: float,
    cell_limit: int,
    stop: threading.Event | None = None,
) -> Grade:
    """Grade one submission in a process of its own; its feedback page is written under `out`.

    template: None when the course has no such lab; limit, cell_limit: seconds for all and for
    one cell; stop: ends it early. Never raises for anything that is in the submission.
    """
    student, lab = submission.student, submission.lab
    most = sum(template.cells.values()) if template else 0.0
    page = out / "feedback" / student / f"{lab}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shown = page.relative_to(out).as_posix()
    try:
        with tempfile.TemporaryDirectory(prefix="workbook-grade-", ignore_cleanup_errors=True) as w:
            cells, note = _execute(submission, template, Path(w), limit, cell_limit, stop)
            _keep_page(Path(w) / "course" / f"{lab}.html", page, submission)
    except Ungradable as problem:
        none = [
            CellScore(name, 0.0, top) for name, top in (template.cells if template else {}).items()
        ]
        _write_page(page, submission, f"0 of {most:g} points. {problem}")
        if problem.log:
            page.with_suffix(".log").write_text(problem.log, encoding="utf-8")
        return Grade(student, lab, 0.0, most, False, str(problem), shown, none)
    points = sum(cell.points for cell in cells)
    return Grade(student, lab, points, most, True, note, shown, cells)


def _execute(
    submission: Submission,
    template: Template | None,
    work: Path,
    limit: float,
    cell_limit: int,
    stop: threading.Event | None,
) -> tuple[list[CellScore], str]:
    lab = submission.lab
    if template is None:
        raise Ungradable(f"There is no lab {lab} in this course: is the folder's name right?")
    if submission.notebook is None:
        raise Ungradable(f"There is no {lab}.ipynb in the folder {submission.student}/{lab}.")
    book, note = clean(submission.notebook, lab)
    course = work / "course"
    shutil.copytree(template.folder, course)
    place = course / "submitted" / "student" / lab
    place.mkdir(parents=True)
    nbformat.write(book, place / f"{lab}.ipynb")
    _run_worker(course, lab, limit, cell_limit, stop)
    return _read_scores(course), note


def _run_worker(
    course: Path, lab: str, limit: float, cell_limit: int, stop: threading.Event | None
) -> None:
    """Raises Ungradable when it takes longer than `limit` seconds."""
    mark = uuid.uuid4().hex
    environment = _environment(mark) | {"IPYTHONDIR": str(course / "ipython")}
    with (course / "worker.txt").open("w", encoding="utf-8") as said:
        worker = subprocess.Popen(
            _command(course, lab, "grade", "--cell-limit", str(cell_limit)),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(worker, limit, stop)
        finally:
            processes.end_marked(mark)
            worker.wait()


def _wait(worker: subprocess.Popen, limit: float, stop: threading.Event | None) -> None:
    waited, step = 0.0, 0.2
    while waited < limit:
        try:
            worker.wait(step)
            return
        except subprocess.TimeoutExpired:
            waited += step
        if stop and stop.is_set():
            raise Ungradable("Grading was interrupted.")
    raise Ungradable(f"The notebook took longer than {limit:g} seconds in all and was stopped.")


def _read_scores(course: Path) -> list[CellScore]:
    """Raises Ungradable when the worker came to no result, with what it said as the reason."""
    file = course / "scores.json"
    scores = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if scores.get("success"):
        return [CellScore(**cell) for cell in scores["cells"]]
    logs = (course / name for name in ("log.txt", "worker.txt"))
    said = "\n".join(log.read_text(encoding="utf-8") for log in logs if log.exists())
    if "DeadKernelError" in said or "Kernel died" in said:
        raise Ungradable(
            "The Python process that ran the notebook died: a cell crashed it, ended it, or used "
            "up the memory. Run all cells in a fresh kernel to see which."
        )
    raise Ungradable(f"nbgrader could not grade the notebook ({labs.reason(said)}).", said)


def _keep_page(made: Path, page: Path, submission: Submission) -> None:
    """Copy nbgrader's feedback page, or write one that says that there is none."""
    if made.exists():
        shutil.copyfile(made, page)
        return
    _write_page(page, submission, "It was graded, but its feedback page could not be made.")


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{lab}: {student}</title></head>
<body style="font-family: sans-serif; max-width: 40em; margin: 2em auto">
<h1>{lab}</h1><p>{text}</p></body></html>
"""


def _write_page(page: Path, submission: Submission, text: str) -> None:
    words = {"lab": submission.lab, "student": submission.student, "text": text}
    page.write_text(PAGE.format(**{k: html.escape(v) for k, v in words.items()}), encoding="utf-8")


# ---------------------------------------------------------------- grading all


def grade_all(
    submissions: list[Submission],
    out: Path,
    *,
    solutions: Path = paths.SOLUTIONS,
    workers: int = 1,
    limit: float = LIMIT,
    cell_limit: int = CELL_LIMIT,
    tell: Callable[[str], None] = print,
) -> list[Grade]:
    """Grade every submission, `workers` at a time; write the results under `out`.

    tell: called with one line for each. Returns the grades in the order of the submissions.
    Raises CourseError when no lab is known or a lab's source cannot be graded.
    """
    known = known_labs(submissions, solutions)
    grades: dict[Submission, Grade] = {}
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="workbook-grade-") as work,
        _pool(workers, stop) as pool,
    ):
        templates = {lab: prepare(lab, solutions, Path(work)) for lab in known}
        jobs = {
            pool.submit(grade_one, s, templates.get(s.lab), out, limit, cell_limit, stop): s
            for s in submissions
        }
        for number, job in enumerate(as_completed(jobs), start=1):
            grade = grades[jobs[job]] = _outcome(job, jobs[job], templates, out)
            tell(f"[{number}/{len(jobs)}] {_line(grade)}")
    ordered = [grades[submission] for submission in submissions]
    write(ordered, out)
    return ordered


def _outcome(
    job: Future[Grade], submission: Submission, templates: dict[str, Template], out: Path
) -> Grade:
    """A job's grade; a failure of the grader itself costs one submission, not the class."""
    error = job.exception()
    if error is None:
        return job.result()
    log = out / "feedback" / submission.student / f"{submission.lab}.log"
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    template = templates.get(submission.lab)
    most = sum(template.cells.values()) if template else 0.0
    said = str(error).splitlines()[:1] or [""]
    reason = (
        f"The grader failed ({type(error).__name__}: {said[0]}): see {log}, and grade it again."
    )
    return Grade(submission.student, submission.lab, 0.0, most, False, reason)


@contextmanager
def _pool(workers: int, stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Threads that wait for workers; an interruption ends the workers."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _line(grade: Grade) -> str:
    score = f"{grade.student} {grade.lab}: {grade.points:g} of {grade.max:g}"
    return f"{score} ({grade.reason})" if grade.reason else score


def write(grades: list[Grade], out: Path) -> None:
    """Write grades.csv and result.json."""
    out.mkdir(parents=True, exist_ok=True)
    exercises = sorted({name for grade in grades for name in grade.exercises()}, key=_numbered)
    with (out / "grades.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["student", "lab", "points", "max", *exercises, "reason"])
        for grade in grades:
            each = grade.exercises()
            points = [f"{each[name][0]:g}" if name in each else "" for name in exercises]
            row = [grade.student, grade.lab, f"{grade.points:g}", f"{grade.max:g}", *points]
            table.writerow([*map(_cell, row), _cell(grade.reason)])
    text = json.dumps({"grades": [asdict(grade) for grade in grades]}, indent=1)
    (out / "result.json").write_text(text + "\n", encoding="utf-8")


def _numbered(name: str) -> tuple[int, str]:
    digits = re.search(r"\d+", name)
    return (int(digits.group()) if digits else 0, name)


def _cell(text: str) -> str:
    """A table cell that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text


def summary(grades: list[Grade]) -> list[str]:
    """One line a lab: how many, mean, median, full marks, and how many came to nothing."""
    lines = []
    for lab in sorted({grade.lab for grade in grades}):
        of_lab = [grade for grade in grades if grade.lab == lab]
        points = [grade.points for grade in of_lab]
        full = sum(grade.graded and grade.points == grade.max for grade in of_lab)
        bad = sum(not grade.graded for grade in of_lab)
        lines.append(
            f"{lab}: {len(of_lab)} submission{'s' * (len(of_lab) != 1)}, "
            f"mean {statistics.mean(points):.1f} and median {statistics.median(points):g} of "
            f"{of_lab[0].max:g} points, {full} with full marks, {bad} not gradable."
        )
    return lines


# ---------------------------------------------------------------- the command line


def parser() -> argparse.ArgumentParser:
    """The options of `course.py grade`."""
    made = argparse.ArgumentParser(
        prog="course.py grade",
        description="Grade submitted labs. One bad submission never stops the others: it gets 0 "
        "and a reason.\n\n" + WARNING,
        epilog="FOLDER gets grades.csv (a line for each submission), result.json (every graded "
        "cell, with what it said) and feedback/STUDENT/labNN.html. The pages show the hidden "
        "tests: publish them after the deadline.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS", help="holds STUDENT/labNN/labNN.ipynb"
    )
    made.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        default=paths.BUILD / "grades",
        help="where the results go (default: build/grades)",
    )
    made.add_argument(
        "--workers",
        type=options.count,
        metavar="N",
        default=max(1, (os.cpu_count() or 2) // 2),
        help="submissions at a time (default: half of the cores)",
    )
    made.add_argument(
        "--limit",
        type=options.seconds,
        metavar="SECONDS",
        default=float(LIMIT),
        help=f"stop a submission that takes longer in all (default: {LIMIT})",
    )
    made.add_argument(
        "--cell-limit",
        type=options.count,
        metavar="SECONDS",
        default=CELL_LIMIT,
        help=f"interrupt a cell that takes longer, and go on (default: {CELL_LIMIT})",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """The command line above. The exit status is 0 when every submission has its
    result, and 1 when one is of a lab that the course does not have."""
    args = parser().parse_args(argv)
    try:
        found = find(args.submissions)
        for path in misplaced(args.submissions, found):
            print(f"Not graded: {path.as_posix()} is not at STUDENT/labNN/labNN.ipynb.", flush=True)
        if (args.out / "grades.csv").exists():
            print(f"The results of an earlier grading in {args.out} are replaced.", flush=True)
        grades = grade_all(
            found,
            args.out,
            workers=args.workers,
            limit=args.limit,
            cell_limit=args.cell_limit,
            tell=lambda line: print(line, flush=True),
        )
    except CourseError as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("course.py: interrupted; no grades were written.", file=sys.stderr)
        return 130
    print()
    print("\n".join(summary(grades)))
    print(f"Results: {args.out / 'grades.csv'}, feedback pages beside it.")
    return 0 if all(grade.max for grade in grades) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

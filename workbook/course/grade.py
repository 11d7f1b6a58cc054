"""Grades a class in one command: every submission in a sandbox of its own.

    python -m workbook.course.grade SUBMISSIONS [--out FOLDER] [--workers N] [--roster FILE] ...
    python -m workbook.course.grade override STUDENT LAB CELL POINTS [--why TEXT] [--out FOLDER]

SUBMISSIONS holds STUDENT/labNN/labNN.ipynb, or is a zip of that, or holds files as Moodle or
Canvas name them. One bad submission never stops the others: each ends with its points, or with 0
and a reason that a student can read. What is graded already is not graded again.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import nbformat

from workbook import paths
from workbook.course import options
from workbook.course.grading import (
    boxes,
    gradebook,
    labwork,
    one,
    outputs,
    pools,
    submissions,
)
from workbook.course.grading.labwork import Lab, prepare
from workbook.course.grading.model import CellScore, Grade, Submission, Ungradable
from workbook.course.grading.outputs import summary, write
from workbook.course.grading.submissions import Content, Person, find, misplaced
from workbook.errors import CourseError

__all__ = ["CellScore", "Grade", "Submission", "Ungradable", "find", "grade_all", "main",
           "misplaced", "prepare", "summary", "write"]  # fmt: skip

CELL_LIMIT, LIMIT = 60, 600
TEXT = (
    "Grade submitted labs. One bad submission never stops the others: it gets 0 and a reason.\n\n"
    "Every submission is executed in a sandbox: no network, no other student's files, no "
    "solutions, no gradebook, and limits on memory, time, processes and output. It needs "
    "bubblewrap (Linux), or podman or docker; without one of them nothing is executed, unless you "
    "give --no-sandbox."
)


@dataclass(frozen=True)
class Job:
    """One submission on its way: what was handed in, or why it cannot be taken."""

    submission: Submission
    lab: Lab | None
    content: Content | None
    problem: Ungradable | None
    key: str


def grade_all(
    found: list[Submission],
    out: Path,
    *,
    solutions: Path = paths.SOLUTIONS,
    workers: int = 1,
    limit: float = LIMIT,
    cell_limit: float = CELL_LIMIT,
    tell: Callable[[str], None] = print,
    overlay: Path | None = None,
    people: dict[str, Person] | None = None,
    database: str = "",
    by: str = "",
    scheduler: str = "",
    limits: boxes.Limits | None = None,
) -> list[Grade]:
    """Grade every submission that has changed since the last time; write all results under `out`.

    workers: submissions at a time; limit, cell_limit: seconds for one in all and for a cell;
    tell: called with one line for each; overlay: a folder with private tests; people: the roster;
    database: the gradebook's address, SQLite under `out` when left out; by: bwrap, podman, docker
    or none; scheduler: the address of a Dask cluster; limits: all limits at once.

    Returns the grades in the order of the submissions, then those of the roster who handed in
    nothing. Raises CourseError when no lab is known, a lab's source cannot be graded, or no
    sandbox works here.
    """
    limits = limits or boxes.Limits(cell=cell_limit, total=limit)
    own, spent = time.process_time(), 0.0
    known = labwork.known(found, solutions)
    by = boxes.choose(by)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    address = database or f"sqlite:///{out / 'gradebook.db'}"
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workbook-grade-")))
        others = labwork.answers(solutions)
        book = stack.enter_context(gradebook.opened(address))
        labs = {lab: prepare(lab, solutions, work, address, overlay, others) for lab in known}
        for line in labwork.private_files(overlay, known) if overlay else []:
            tell(line)
        gradebook.add_people(book, people or {})
        keeper = _Keeper(out, book)
        jobs = [_job(one_, labs.get(one_.lab), limits) for one_ in found]
        fresh = [job for job in jobs if not keeper.current(job)]
        if len(fresh) < len(jobs):
            tell(f"{len(jobs) - len(fresh)} of {len(jobs)} are as they were, and keep their grade.")
        for lab in {job.lab.key: job.lab for job in fresh if job.lab and not job.problem}.values():
            if labwork.converts(lab):
                tell(f"{lab.name}: its own solution runs first, for the models that it converts.")
                labwork.fill_caches(lab, limits)
        begun = time.monotonic()
        for number, (job, outcome) in enumerate(
            _outcomes(fresh, limits, by, workers, scheduler, tell), start=1
        ):
            keeper.keep(job, outcome)
            # in this process, its own time is counted below
            spent += outcome.box_cpu + (outcome.cpu if scheduler or workers > 1 else 0)
            tell(f"[{number}/{len(fresh)}] {outputs.line(outcome.grade)}")
        grades = [keeper.grade(job) for job in jobs]
    grades += _absent(grades, labs, people or {})
    write(grades, out, people)
    if fresh:
        spent += time.process_time() - own
        tell(_throughput(len(fresh), time.monotonic() - begun, spent))
    return grades


def _throughput(count: int, seconds: float, cpu: float) -> str:
    return (
        f"Graded {count} in {seconds:.1f} seconds: {60 * count / seconds:.0f} a minute, "
        f"{cpu / count:.2f} CPU-seconds each."
    )


def _job(submission: Submission, lab: Lab | None, limits: boxes.Limits) -> Job:
    try:
        if lab is None:
            raise Ungradable(
                f"There is no lab {submission.lab} in this course: is the folder's name right?"
            )
        content, problem = submissions.load(submission), None
    except Ungradable as error:
        content, problem = None, error
    except OSError as error:
        content, problem = None, Ungradable(f"It could not be read ({error.strerror}).")
    made = hashlib.sha256(f"{lab.key if lab else ''} {limits} {problem}".encode())
    if content:
        made.update(content.notebook)
        for name, data in sorted(content.files.items()):
            made.update(name.encode(errors="surrogatepass") + b"\0" + data)
    return Job(submission, lab, content, problem, made.hexdigest())


def _outcomes(
    jobs: list[Job],
    limits: boxes.Limits,
    by: str,
    workers: int,
    scheduler: str,
    tell: Callable[[str], None],
) -> Iterator[tuple[Job, one.Outcome]]:
    """The outcome of each job, as they come."""
    ready = [job for job in jobs if job.problem is None]
    for job in jobs:
        if job.problem is not None:
            yield job, one.nothing(job.submission, job.lab, job.problem)
    # a box is warm for one lab: one lab after the other
    ready.sort(key=lambda job: job.submission.lab)
    tasks = [one.Task(job.submission, job.lab, job.content, limits, by) for job in ready]
    if scheduler:
        found = pools.dask(tasks, scheduler, tell)
    elif workers == 1 or len(tasks) < 2:
        found = pools.here(tasks)
    else:
        found = pools.processes(tasks, workers)
    for number, outcome in found:
        yield ready[number], outcome


def _absent(grades: list[Grade], labs: dict[str, Lab], people: dict[str, Person]) -> list[Grade]:
    """Those of the roster who handed in nothing."""
    there = {(grade.student, grade.lab) for grade in grades}
    return [
        Grade(student, name, 0.0, lab.most, False, outputs.NOTHING)
        for student in people
        for name, lab in labs.items()
        if (student, name) not in there
    ]


# ---------------------------------------------------------------- what is kept


class _Keeper:
    """The results in the output folder, and the gradebook beside them."""

    def __init__(self, out: Path, book: Any) -> None:
        self._out, self._book = out, book

    def _file(self, submission: Submission) -> Path:
        return self._out / "state" / _safe(submission.student) / f"{submission.lab}.json"

    def current(self, job: Job) -> bool:
        """Whether a submission has its grade already. Writes it into the gradebook again where
        that was lost."""
        record = self._record(job.submission)
        if record is None or record["key"] != job.key or not record["lasting"]:
            return False
        if record["manual"] is None:
            return False
        made = _grade(record["grade"])
        if not (self._out / made.feedback).is_file():
            return False
        if job.lab and not gradebook.has(self._book, made.student, made.lab):
            gradebook.record(self._book, made, record["manual"])
        return True

    def _record(self, submission: Submission) -> dict | None:
        try:
            return json.loads(self._file(submission).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def keep(self, job: Job, outcome: one.Outcome) -> None:
        """Write an outcome: the pages, the gradebook, and last what says that it is done."""
        student, lab = _safe(job.submission.student), job.submission.lab
        page = self._out / "feedback" / student / lab / f"{lab}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(outcome.page, encoding="utf-8", errors="replace")
        log = page.with_suffix(".log")
        log.unlink(missing_ok=True)
        if outcome.log:
            log.write_text(outcome.log, encoding="utf-8", errors="replace")
        # an empty folder: Formgrader counts it, and finds nothing there to run in the open
        (self._out / "submitted" / student / lab).mkdir(parents=True, exist_ok=True)
        graded = self._out / "autograded" / student / lab
        shutil.rmtree(graded, ignore_errors=True)
        graded.mkdir(parents=True)
        if outcome.book:
            _write(graded / f"{lab}.ipynb", outcome.book)
        made = replace(outcome.grade, feedback=page.relative_to(self._out).as_posix())
        gradebook.record(self._book, made, outcome.manual)
        record = {"key": job.key, "lasting": outcome.lasting, "manual": outcome.manual}
        file = self._file(job.submission)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, json.dumps(record | {"grade": asdict(made), "shown": ""}))

    def grade(self, job: Job) -> Grade:
        """A submission's grade with what a person has given; its page says the same."""
        record = self._record(job.submission)
        made, comments = gradebook.with_hand(self._book, _grade(record["grade"]))
        shown = json.dumps([[asdict(c) for c in made.cells], comments]) if made.manual else ""
        if shown != record["shown"] and made.graded:
            student, lab = _safe(made.student), made.lab
            file = self._out / "autograded" / student / lab / f"{lab}.ipynb"
            book = nbformat.read(file, as_version=4)
            cells = {cell.cell: (cell.points, cell.max) for cell in made.cells}
            page = one.render(book, lab, made.points, made.max, cells, comments)
            _write(self._out / made.feedback, page)
            _write(self._file(job.submission), json.dumps(record | {"shown": shown}))
        return made


def _grade(record: dict) -> Grade:
    cells = [CellScore(**cell) for cell in record["cells"]]
    return Grade(**record | {"cells": cells})


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="replace")
    new.replace(file)


def _safe(name: str) -> str:
    """A student's name as a folder's name: it came from a folder, a file or a roster."""
    kept = "".join("_" if c in '/\\:*?"<>|' or ord(c) < 32 else c for c in name)
    return kept if kept.strip(". ") else f"_{kept}"


# ---------------------------------------------------------------- the command line


def parser() -> argparse.ArgumentParser:
    """The options of `course.py grade`."""
    made = argparse.ArgumentParser(
        prog="course.py grade",
        description=TEXT,
        epilog="FOLDER gets grades.csv, canvas.csv, moodle.csv, report.html (the class), "
        "feedback/STUDENT/labNN/labNN.html, gradebook.db (for Formgrader) and result.json. Run it "
        "again at any time: what has not changed keeps its grade. The pages show the hidden tests: "
        "publish them after the deadline. `course.py grade override --help` gives points by hand.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("submissions", type=Path, metavar="SUBMISSIONS",
        help="a folder with STUDENT/labNN/labNN.ipynb, a zip of it, or Moodle's or Canvas's "
        "export")  # fmt: skip
    _add_out(made)
    add("--workers", type=options.count, metavar="N", default=max(1, (os.cpu_count() or 2) // 2),
        help="submissions at a time (default: half of the cores)")  # fmt: skip
    add("--limit", type=options.seconds, metavar="SECONDS", default=float(LIMIT),
        help=f"stop a submission that takes longer in all (default: {LIMIT})")  # fmt: skip
    add("--cell-limit", type=options.seconds, metavar="SECONDS", default=float(CELL_LIMIT),
        help=f"interrupt a cell that takes longer, and go on (default: {CELL_LIMIT})")  # fmt: skip
    add("--memory", type=options.seconds, metavar="GIB", default=3.0,
        help="stop a submission that takes more memory (default: 3)")  # fmt: skip
    add("--roster", type=Path, metavar="CSV", help="the class: a column id, and names, e-mail, ...")
    add("--overlay", type=Path, metavar="FOLDER", help="private tests: FOLDER/labNN/CELL.py")
    add("--lab", default="", help="the lab of files whose names do not say it")
    add("--pattern", default="", metavar="REGEX",
        help="how files are named: groups student and, perhaps, lab")  # fmt: skip
    add("--database", default="", metavar="URL", help="the gradebook's address (default: SQLite)")
    add("--scheduler", default="", metavar="tcp://...", help="grade on this Dask cluster")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--sandbox", choices=("bwrap", "podman", "docker"), default="",
                     help="what makes the sandbox (default: the first that works)")  # fmt: skip
    how.add_argument("--no-sandbox", action="store_true",
                     help="run the students' code as you, with your files and network")  # fmt: skip
    return made


def _add_out(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--out", type=Path, metavar="FOLDER", default=paths.BUILD / "grades",
        help="where the results go (default: build/grades)",
    )  # fmt: skip


def override_parser() -> argparse.ArgumentParser:
    """The options of `course.py grade override`."""
    made = argparse.ArgumentParser(
        prog="course.py grade override",
        description="Give the points of a graded cell by hand, in the gradebook. The next "
        "`course.py grade` writes them into every table and page.",
    )
    made.add_argument("student")
    made.add_argument("lab")
    made.add_argument("cell", help="the test cell, for example exercise_1_fit_test")
    made.add_argument("points", type=float)
    made.add_argument("--why", default="", help="a comment for the student")
    made.add_argument("--database", default="", metavar="URL")
    _add_out(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """The command line above. The exit status is 0 when every submission has its
    result, and 1 when one is of a lab that the course does not have."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv[:1] == ["override"]:
            return _override(override_parser().parse_args(argv[1:]))
        return _run(parser().parse_args(argv))
    except CourseError as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "course.py: interrupted; run it again, and it goes on where it stopped.",
            file=sys.stderr,
        )
        return 130


def _override(args: argparse.Namespace) -> int:
    address = args.database or f"sqlite:///{args.out.resolve() / 'gradebook.db'}"
    if not args.database and not (args.out / "gradebook.db").exists():
        raise CourseError(f"There is no gradebook in {args.out}: grade first.")
    with gradebook.opened(address) as book:
        gradebook.override(book, args.student, args.lab, args.cell, args.points, args.why)
    print(f"{args.student} has {args.points:g} in {args.cell}. Grade again to write the tables.")
    return 0


def _run(args: argparse.Namespace) -> int:
    people = submissions.roster(args.roster) if args.roster else {}
    with ExitStack() as stack:
        folder = args.submissions
        if folder.is_file():
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="workbook-in-"))
            folder = submissions.unpack(folder, Path(place))
        found = find(folder, args.pattern, args.lab)
        for path in misplaced(folder, found):
            print(f"Not graded: {path.as_posix()} is not at STUDENT/labNN/labNN.ipynb.", flush=True)
        found = submissions.match(found, people)
        if args.no_sandbox:
            print("There is no sandbox: the students' code runs as you.", flush=True)
        grades = grade_all(
            found,
            args.out,
            workers=args.workers,
            tell=lambda line: print(line, flush=True),
            overlay=args.overlay,
            people=people,
            database=args.database,
            by=boxes.NONE if args.no_sandbox else args.sandbox,
            scheduler=args.scheduler,
            limits=boxes.Limits(args.cell_limit, args.limit, int(args.memory * boxes.GB)),
        )
    print()
    print("\n".join(summary(grades)))
    print(f"Results: {args.out / outputs.GRADES}, the class in {args.out / outputs.REPORT}, "
          "feedback pages beside them.")  # fmt: skip
    return 0 if all(grade.max for grade in grades) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

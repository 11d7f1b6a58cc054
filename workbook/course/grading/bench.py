"""How fast grading is, beside nbgrader's own autograde on the same submissions.

    python -m workbook.course.grading.bench [--lab lab01] [--count 40] [--sizes 10,40]

Both grade the same folder on this machine, one submission at a time, one after the other; then
ours does it again with a worker a core, as one would use it (nbgrader's autograde has no workers).
nbgrader's figure is `nbgrader autograde` alone; ours holds the sandbox, the gradebook, the feedback
pages and all tables, too. CPU-seconds are what to compare on a machine that does other work. What
the cells of a lab compute costs both the same: in lab04, which generates text, it is most of ours.
"""

import argparse
import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat

from workbook import paths
from workbook.course import grade, labs, options
from workbook.course.grading import labwork, restore

CONFIG = """c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "slm-workbook"
c.ExecutePreprocessor.timeout = 120
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = ".*|^$"
"""


def make_class(lab: str, count: int, folder: Path) -> None:
    """Submissions of all kinds: every third is right, every third has one answer left out, the
    others have two."""
    source = nbformat.read(paths.SOLUTIONS / lab / f"{lab}.ipynb", as_version=4)
    stub = nbformat.read(paths.LABS / lab / f"{lab}.ipynb", as_version=4)
    empty = {restore.name_of(c): c.source for c in stub.cells if restore.is_answer(c)}
    full = {restore.name_of(c): c.source for c in source.cells if restore.is_answer(c)}
    names = list(full)
    for number in range(count):
        left_out = {names[(number + k) % len(names)] for k in range(number % 3)}
        for cell in stub.cells:
            name = restore.name_of(cell)
            if name in full:
                cell.source = (empty if name in left_out else full)[name]
        place = folder / f"student{number:03d}" / lab
        place.mkdir(parents=True)
        nbformat.write(stub, place / f"{lab}.ipynb")


def _variables() -> dict[str, str]:
    return labs.environment() | {"PYTHONPATH": str(paths.ROOT)}


@contextlib.contextmanager
def _used() -> Iterator[dict[str, float]]:
    """Wall-clock and CPU-seconds of the child processes in a block."""
    found: dict[str, float] = {}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    yield found
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found["wall"] = time.monotonic() - started
    found["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def nbgrader(lab: str, submitted: Path, work: Path) -> dict[str, float]:
    """What `nbgrader autograde` takes for a folder of submissions."""
    course = work / "nbgrader"
    shutil.copytree(paths.SOLUTIONS / lab, course / "source" / lab)
    shutil.copytree(submitted, course / "submitted")
    (course / "nbgrader_config.py").write_text(CONFIG.format(root=str(course)), encoding="utf-8")
    variables = _variables()
    for step in ("generate_assignment", "autograde"):
        command = [sys.executable, "-m", "nbgrader", step, lab]
        with _used() as used, (course / f"{step}.log").open("w") as log:
            subprocess.run(command, cwd=course, env=variables, stderr=log, stdout=log, check=True)
    done = len(list((course / "autograded").glob(f"*/{lab}/{lab}.ipynb")))
    if done != len(list(submitted.iterdir())):
        raise RuntimeError(f"nbgrader graded {done} only: see its log")
    return used


def ours(submitted: Path, out: Path, workers: int = 1) -> dict[str, float]:
    """What `course.py grade` takes for a folder of submissions."""
    command = [sys.executable, "-m", "workbook.course.grade", str(submitted), "--out", str(out)]
    with _used() as used:
        done = subprocess.run(
            [*command, "--workers", str(workers)],
            env=_variables(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    count = len(list(submitted.iterdir()))
    said = re.search(r"([\d.]+) CPU-seconds each", done.stdout)
    # a box that is killed takes its figure along: the driver has added it up
    used["cpu"] = float(said.group(1)) * count
    return used


def main(argv: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description="Measure grading beside nbgrader's autograde.")
    parser.add_argument("--lab", default="lab01")
    parser.add_argument("--count", type=options.count, default=40, help="submissions (default: 40)")
    parser.add_argument("--sizes", default="", help="also the cost of a submission, for 10,200")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="workbook-bench-") as name:
        work = Path(name)
        make_class(args.lab, args.count, work / "in")
        fill = grade.prepare(args.lab, paths.SOLUTIONS, work)
        labwork.fill_caches(fill, grade.boxes.Limits())
        rows = {"ours": ours(work / "in", work / "out")}
        print(_row("course.py grade", rows["ours"], args.count), flush=True)
        cores = os.cpu_count() or 1
        rows["all"] = ours(work / "in", work / "out-all", cores)
        print(_row(f"  with {cores} workers", rows["all"], args.count), flush=True)
        rows["nbgrader"] = nbgrader(args.lab, work / "in", work)
        print(_row("nbgrader autograde", rows["nbgrader"], args.count))
        ratios = {key: rows["nbgrader"][key] / rows["ours"][key] for key in ("cpu", "wall")}
        print(
            f"nbgrader takes {ratios['cpu']:.1f} times the CPU-seconds and {ratios['wall']:.1f} "
            f"times the time; with {cores} workers "
            f"{rows['nbgrader']['wall'] / rows['all']['wall']:.1f} times the time."
        )
        for size in filter(None, args.sizes.split(",")):
            make_class(args.lab, int(size), work / f"in{size}")
            used = ours(work / f"in{size}", work / f"out{size}")
            print(_row(f"course.py grade, {size}", used, int(size)), flush=True)
    return 0


def _row(name: str, used: dict[str, float], count: int) -> str:
    return (
        f"{name:<24}{count:>5} submissions {used['wall']:8.1f} s "
        f"{used['cpu'] / count:6.2f} CPU-seconds each ({os.cpu_count()} cores)"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Grades one submission with nbgrader, in a course folder of its own. `grade` starts one such
process a submission.

    python -m workbook.course.grade_worker COURSE LAB prepare
    python -m workbook.course.grade_worker COURSE LAB grade [--cell-limit SECONDS]

COURSE holds source/LAB/LAB.ipynb. `prepare` makes its gradebook and writes cells.json;
`grade` grades submitted/student/LAB/LAB.ipynb and writes scores.json and LAB.html.
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

# jsonschema imports this to check URLs, if it can: over a second in every worker, for nothing here
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

import nbformat  # noqa: E402
from nbgrader.api import Gradebook  # noqa: E402
from nbgrader.apps import NbGraderAPI  # noqa: E402
from traitlets.config import Config  # noqa: E402

STUDENT = "student"
"""The name of the one student in a course folder; real names never reach nbgrader."""
DATABASE = "gradebook.db"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def config(course: Path, cell_limit: int) -> Config:
    """nbgrader's settings for one submission.

    cell_limit: seconds after which a cell is interrupted.
    """
    c = Config()
    c.CourseDirectory.root = str(course)
    c.CourseDirectory.db_url = f"sqlite:///{course / DATABASE}"
    c.ExecutePreprocessor.timeout = cell_limit
    c.Execute.timeout = cell_limit
    c.OverwriteCells.add_missing_cells = True
    # nbgrader takes a cell's points when anything is on stderr, so that is taken away first.
    c.IgnorePattern.enabled = True
    c.IgnorePattern.pattern = ".*|^$"
    return c


def prepare(course: Path, lab: str) -> None:
    """Make the gradebook of a lab and write cells.json: its graded cells with their points."""
    done = NbGraderAPI(config=config(course, 60)).generate_assignment(lab)
    (course / "log.txt").write_text(_log(done), encoding="utf-8")
    if not done["success"]:
        raise SystemExit(1)
    with Gradebook(f"sqlite:///{course / DATABASE}") as gradebook:
        cells = {
            cell.name: cell.max_score for cell in gradebook.find_notebook(lab, lab).grade_cells
        }
    source = nbformat.read(course / "source" / lab / f"{lab}.ipynb", as_version=4)
    order = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in source.cells]
    ordered = {name: cells[name] for name in order if name in cells}
    (course / "cells.json").write_text(json.dumps(ordered), encoding="utf-8")


def grade(course: Path, lab: str, cell_limit: int) -> None:
    """Grade the submission; write scores.json, and the feedback page LAB.html beside it."""
    api = NbGraderAPI(config=config(course, cell_limit))
    done = api.autograde(lab, STUDENT)
    log, success = _log(done), done["success"]
    if success:
        said = api.generate_feedback(lab, STUDENT)
        log += _log(said)
        page = course / "feedback" / STUDENT / lab / f"{lab}.html"
        if page.exists():
            shutil.copyfile(page, course / f"{lab}.html")
    (course / "log.txt").write_text(log, encoding="utf-8")
    scores = {"success": success, "cells": _scores(course, lab) if success else []}
    (course / "scores.json").write_text(json.dumps(scores), encoding="utf-8")


def _scores(course: Path, lab: str) -> list[dict[str, Any]]:
    """Each graded cell's points, and what it said when it failed."""
    with Gradebook(f"sqlite:///{course / DATABASE}") as gradebook:
        grades = gradebook.find_submission_notebook(lab, lab, STUDENT).grades
        points = {grade.name: (grade.score, grade.max_score) for grade in grades}
    graded = nbformat.read(course / "autograded" / STUDENT / lab / f"{lab}.ipynb", as_version=4)
    found = []
    for cell in graded.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in points:
            score, most = points.pop(name)
            found.append({"cell": name, "points": score, "max": most, "message": _message(cell)})
    return found


def _message(cell: Any) -> str:
    """The error that a cell ended with, as one text; empty when it ran."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            if output.ename in ("CellTimeoutError", "KeyboardInterrupt"):
                return "This cell took too long and was stopped."
            text = ANSI.sub("", output.evalue).strip()
            return text if output.ename == "Mistake" else f"{output.ename}: {text}".strip(": ")
    return ""


def _log(done: dict[str, Any]) -> str:
    return "\n".join(str(done[key]) for key in ("log", "error") if done.get(key))


def main(argv: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description="Grade one submission.")
    parser.add_argument("course", type=Path)
    parser.add_argument("lab")
    parser.add_argument("action", choices=("prepare", "grade"))
    parser.add_argument("--cell-limit", type=int, default=60, metavar="SECONDS")
    args = parser.parse_args(argv)
    if args.action == "prepare":
        prepare(args.course, args.lab)
    else:
        grade(args.course, args.lab, args.cell_limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())

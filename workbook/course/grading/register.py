"""Puts a lab into the gradebook, as nbgrader's generate_assignment does."""

import contextlib
import copy
import os
import warnings
from collections.abc import Iterator
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)

from workbook.course import labs

COURSE = "slm-workbook"
"""The course's name in the gradebook; nbgrader_config.py has the same."""

STEPS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, SaveCells)
"""What generate_assignment does with a source before it takes the hidden tests out."""


def register(source: Any, lab: str, database: str) -> dict[str, float]:
    """Put a lab's notebook into the gradebook at an address.

    Gives the graded cells and their points, in the order of the notebook; the source's cells get
    their checksums, by which an answer that was never touched is known. Raises what nbgrader
    raises for a source that it refuses.
    """
    book = copy.deepcopy(source)
    said = {"notebook": lab, "assignment": lab, "student": ".", "db_url": database}
    with quiet(), Gradebook(database, COURSE) as gradebook:
        gradebook.update_or_create_assignment(lab)
    for step in STEPS:
        with quiet():
            book, _ = step().preprocess(book, {"nbgrader": said})
    cells = {}
    for made, original in zip(book.cells, source.cells, strict=True):
        grader = made.metadata.get("nbgrader", {})
        if grader.get("grade") or grader.get("task"):
            cells[grader["grade_id"]] = float(grader["points"])
        if "checksum" in grader:
            original.metadata.nbgrader["checksum"] = grader["checksum"]
    return cells


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Around calls of nbgrader's gradebook: SQLAlchemy warns of how nbgrader uses it, and a new
    gradebook asks the program alembic, by name, for its version."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = labs.environment()["PATH"]
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        os.environ["PATH"] = path

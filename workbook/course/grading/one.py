"""Grades one submission: from the bytes that were handed in to points and a feedback page.

All that a worker needs is in a Task, and all that came of it in an Outcome; both travel between
processes and machines.
"""

import ast
import base64
import copy
import functools
import html
import re
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import determine_grade

from workbook.course.grading import boxes, labwork, restore
from workbook.course.grading.labwork import Lab
from workbook.course.grading.model import CellScore, Grade, Submission, Ungradable
from workbook.course.grading.submissions import Content
from workbook.errors import CourseError

SUSPICIOUS = {
    "_getframe", "_current_frames", "currentframe", "get_objects", "get_referrers", "f_back",
    "f_locals", "f_globals", "__code__", "__closure__", "__globals__", "__subclasses__", "settrace",
    "setprofile", "atexit", "ctypes", "Mistake", "_exit", "builtins", "__builtins__", "ptrace",
    "BEGIN HIDDEN",
}  # fmt: skip
"""Names that no answer needs. A submission that has one is graded, and pointed out to a person."""


@dataclass(frozen=True)
class Task:
    """One submission to grade."""

    submission: Submission
    lab: Lab
    content: Content
    limits: boxes.Limits
    by: str


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    manual: graded cells that wait for a person; book: the executed notebook as JSON, page: the
    feedback page, both empty when it could not be graded; log: for the instructor; lasting: False
    when grading it again may end otherwise; cpu, box_cpu: CPU-seconds of the process that graded,
    and of the box.
    """

    grade: Grade
    manual: list[str] = field(default_factory=list)
    book: str = ""
    page: str = ""
    log: str = ""
    lasting: bool = True
    cpu: float = 0.0
    box_cpu: float = 0.0


def grade(task: Task, stop: threading.Event | None = None) -> Outcome:
    """Grade one submission. Never raises for anything that is in it: what is the grader's own
    failure costs this submission only, and is tried again next time."""
    before = time.process_time()
    try:
        outcome = _grade(task, stop)
    except Ungradable as problem:
        outcome = nothing(task.submission, task.lab, problem)
    except CourseError:
        raise
    except Exception as error:
        said = (str(error).splitlines() or [""])[0]
        problem = Ungradable(
            f"The grader failed ({type(error).__name__}: {said}): grade it again.",
            "".join(traceback.format_exception(error)),
            lasting=False,
        )
        outcome = nothing(task.submission, task.lab, problem)
    return replace(outcome, cpu=time.process_time() - before)


def nothing(submission: Submission, lab: Lab | None, problem: Ungradable) -> Outcome:
    """No points, and the reason."""
    cells = [CellScore(name, 0.0, top) for name, top in (lab.cells if lab else {}).items()]
    most = lab.most if lab else 0.0
    made = Grade(submission.student, submission.lab, 0.0, most, False, str(problem), "", cells)
    page = short_page(submission.lab, submission.student, f"0 of {most:g} points. {problem}")
    return Outcome(made, page=page, log=problem.log, lasting=problem.lasting)


def _grade(task: Task, stop: threading.Event | None) -> Outcome:
    lab, name = task.lab, task.submission.lab
    book = restore.read(task.content.notebook, name, task.content.name)
    flags = suspicious(book)
    others = {lab: set(names) for lab, names in lab.others.items()}
    prepared = restore.restore(book, lab.book, others, name)
    files = task.content.files | {n: base64.b64decode(d) for n, d in lab.files.items()}
    box = _box(lab, task.limits, task.by)
    used = box.cpu
    done = box.execute(labwork.executable(book), name, files, stop)
    used = box.cpu - used if box.cpu >= used else box.cpu
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    reason = why_not(done, [c["name"] for c in labwork.executable(book)], task.limits)
    if reason:
        raise Ungradable(reason, done.fault, lasting=done.ended != "interrupted")
    for number, cell in enumerate(code):
        cell.outputs = [nbformat.from_dict(one) for one in done.outputs[number]]
        cell.execution_count = number + 1
        flags += _verdict(cell, done.notes[number])
    cells, manual = _scores(book, lab)
    points = sum(cell.points for cell in cells)
    made = Grade(
        task.submission.student, name, points, lab.most, True, " ".join(prepared.notes), "", cells,
        sorted(set(flags)), "to be graded by hand" if manual else "",
    )  # fmt: skip
    page = render(book, name, points, lab.most, {c.cell: (c.points, c.max) for c in cells}, {})
    return Outcome(made, manual, nbformat.writes(book), page, box_cpu=used)


def why_not(done: boxes.Executed, names: list[str], limits: boxes.Limits) -> str:
    """Why an execution is worth nothing, a sentence for the student; empty when it is."""
    cell = names[done.cell] if 0 <= done.cell < len(names) else ""
    where = f" in the cell {cell}" if cell else ""
    if done.problems:
        return (
            f"The code sent the grader a result of its own{where}: a person will look at it, and "
            "there are no points for it."
        )
    kind, _, code = done.ended.partition(" ")
    if kind == "finished" and len(done.outputs) == len(names):
        return ""
    if kind == "stuck":
        return (
            f"The cell {cell} took longer than {limits.cell:g} seconds and could not be "
            "interrupted: everything was stopped."
        )
    if kind == "total":
        return (
            f"The notebook took longer than {limits.total:g} seconds in all and was stopped{where}."
        )
    if kind == "memory":
        return f"The code used more than {limits.memory / 2**30:g} GiB of memory{where}."
    if kind == "flood":
        return f"The code put out more than the grader takes{where}."
    signals = {"-9": "it was killed", "-11": "it crashed", "-6": "it aborted", "-24": "no CPU time"}
    how = signals.get(code) or ("it ended itself" if not code.startswith("-") else f"signal{code}")
    return (
        f"The Python process that ran the notebook died{where} ({how}): a cell crashed it, ended "
        "it, or used up the memory. Run all cells in a fresh kernel to see which."
    )


def _verdict(cell: Any, notes: list[str]) -> list[str]:
    """What the guard has found: a test that was disturbed is failed."""
    name = restore.name_of(cell)
    disturbed = [note for note in notes if note == "canary" or note.startswith("changed ")]
    if disturbed:
        what = ", ".join(n.removeprefix("changed ") for n in disturbed if n != "canary")
        said = (
            f"While this test ran, the code changed what belongs to the grader ({what})."
            if what
            else "A test that must fail passed before this one: the code has changed Python itself."
        )
        cell.outputs.append(
            nbformat.v4.new_output(
                "error", ename="Tampered", evalue=said, traceback=[f"Tampered: {said}"]
            )
        )
    return [f"{name}: {note}" for note in notes]


def _scores(book: Any, lab: Lab) -> tuple[list[CellScore], list[str]]:
    found, manual = [], []
    for cell in book.cells:
        name = restore.name_of(cell)
        if name not in lab.cells or not restore.is_graded(cell):
            continue
        points, most = score(cell)
        if points is None:
            manual.append(name)
        found.append(CellScore(name, points or 0.0, most, message(cell)))
    order = list(lab.cells)
    return sorted(found, key=lambda one: order.index(one.cell)), manual


def score(cell: Any) -> tuple[float | None, float]:
    """nbgrader's points of a cell, None when a person must give them, and the most there are.

    What is on stderr does not count: nbgrader would take the points for a warning.
    """
    if cell.metadata.nbgrader.get("task"):
        return None, float(cell.metadata.nbgrader["points"])
    quiet = nbformat.from_dict(cell)
    if cell.cell_type == "code":
        quiet = nbformat.from_dict(
            {**cell, "outputs": [o for o in cell.outputs if o.get("name") != "stderr"]}
        )
    return determine_grade(quiet)


def message(cell: Any) -> str:
    """The error that a cell ended with, as one text; empty when it ran."""
    for output in reversed(cell.get("outputs", [])):
        if output.output_type == "error":
            if output.ename in ("CellTimeoutError", "KeyboardInterrupt"):
                return "This cell took too long and was stopped."
            text = output.evalue.strip()
            plain = output.ename in ("Mistake", "Tampered")
            return text if plain else f"{output.ename}: {text}".strip(": ")
    return ""


def suspicious(book: Any) -> list[str]:
    """Names in the student's cells that no answer needs."""
    found = set()
    for cell in book.cells:
        if cell.cell_type == "code" and restore.kind_of(cell) == "student":
            try:
                tree = ast.parse(cell.source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                found |= {word for word in SUSPICIOUS if word in cell.source}
                continue
            for node in ast.walk(tree):
                for field_ in ("id", "attr", "name", "module", "value"):
                    word = getattr(node, field_, None)
                    if isinstance(word, str) and word in SUSPICIOUS:
                        found.add(word)
    return [f"uses {word}" for word in sorted(found)]


# ---------------------------------------------------------------- boxes, kept warm

_mine = threading.local()
_all: list[boxes.Box] = []


def _box(lab: Lab, limits: boxes.Limits, by: str) -> boxes.Box:
    """This thread's box for a lab. Only the last lab's is kept."""
    wanted = (lab.key, limits, by)
    if getattr(_mine, "wanted", None) != wanted:
        if getattr(_mine, "box", None):
            _mine.box.close()
        _mine.box, _mine.wanted = boxes.Box(boxes.preload(lab.book), by, limits), wanted
        _all.append(_mine.box)
    return _mine.box


def close_boxes() -> None:
    """End all boxes of this process."""
    while _all:
        _all.pop().close()
    _mine.__dict__.clear()


# ---------------------------------------------------------------- the feedback page

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{lab}: {student}</title></head>
<body style="font-family: sans-serif; max-width: 40em; margin: 2em auto">
<h1>{lab}</h1><p>{text}</p></body></html>
"""

STYLE = "<style>#notebook td, #notebook th { padding: .2em .7em .2em 0 }</style>\n"
NO_ALT = re.compile(r"<img(?![^>]*\balt=)")
NO_DESCRIPTION = "No description has been provided for this image"


def short_page(lab: str, student: str, text: str) -> str:
    """A page with one sentence."""
    words = {"lab": lab, "student": student, "text": text}
    return PAGE.format(**{key: html.escape(value) for key, value in words.items()})


@functools.cache
def _exporter() -> Any:
    import nbgrader
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters import Highlight2HTML, markdown2html_mistune
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
    from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
    from traitlets.config import Config

    place = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [str(place / "templates")]
    css = place / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(css)]

    class Feedback(HTMLExporter):
        """Without nbconvert's second pass over the page, which parses all of it only to give
        images an alternative text, and takes more time than the first."""

        def from_notebook_node(self, nb, resources=None, **kw):
            resources = self._init_resources(resources)
            kinds = WidgetsDataTypeFilter(
                notebook_metadata=self._nb_metadata, parent=self, resources=resources
            )
            self.register_filter("filter_data_type", kinds)
            page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)
            return NO_ALT.sub(f'<img alt="{NO_DESCRIPTION}"', page), resources

    exporter = Feedback(config=config)
    exporter._preprocessors = []
    exporter.register_preprocessor(CSSHTMLHeaderPreprocessor, enabled=True)
    # most cells are the same for all students
    highlight = Highlight2HTML(pygments_lexer="ipython3", parent=exporter)
    colour = functools.lru_cache(4096)(lambda source: highlight(source))
    exporter.register_filter("highlight_code", lambda source, *_, **__: colour(source))
    markdown = functools.lru_cache(4096)(lambda source: markdown2html_mistune(source))
    exporter.register_filter("markdown2html", lambda source, *_, **__: markdown(source))
    return exporter


def render(
    book: Any,
    lab: str,
    points: float,
    most: float,
    cells: dict[str, tuple[float, float]],
    comments: dict[str, str],
) -> str:
    """nbgrader's feedback page of an executed notebook.

    cells: points and maximum of each graded cell; comments: what a person said about an answer.
    """
    shown = copy.deepcopy(book)
    for cell in shown.cells:
        name = restore.name_of(cell)
        if name in cells:
            cell.metadata.nbgrader["score"], cell.metadata.nbgrader["points"] = cells[name]
        if name in comments:
            cell.metadata.nbgrader["comment"] = comments[name]
    said = {"notebook": lab, "score": points, "max_score": most, "late_penalty": 0}
    page, _ = _exporter().from_notebook_node(shown, {"nbgrader": said})
    # its list of tests calls each of them "Test cell", and its tables have no room
    page = re.sub(r'<li><a href="#([\w-]+)">Test cell</a>', r'<li><a href="#\1">\1</a>', page)
    return page.replace("</head>", f"{STYLE}</head>", 1)

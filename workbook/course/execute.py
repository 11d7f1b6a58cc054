"""Executes one notebook in this process and tells its progress as JSON lines on stdout.

    python -m workbook.course.execute NOTEBOOK EXECUTED.ipynb PAGE.html [--parameters JSON]

Events: {"event": "start", "cells": N}; {"event": "cell", "cell": K} when the K-th code cell
begins and {"event": "cell_done", "cell": K} when it has run; at the end {"event": "done"} or
{"event": "error"} with the fields of report.Failure. The exit status is 0 or 1. `run` starts
one such process a notebook.
"""

import argparse
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines

from workbook.course import processes
from workbook.errors import CourseError

TRACEBACK_LINES = 20
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ENGINE = "workbook"

Event = dict[str, Any]


class Progress:
    """Tells events, and knows which code cell is which (the injected one is not counted)."""

    def __init__(self, tell: Callable[[Event], None]):
        self.tell = tell
        self.numbers: dict[int, int] = {}
        self.current: int | None = None

    def start(self, cells: list[Any]) -> None:
        code = [index for index, cell in enumerate(cells) if _is_ours(cell)]
        self.numbers = {index: number for number, index in enumerate(code, start=1)}
        self.tell({"event": "start", "cells": len(code)})

    def cell(self, event: str, index: int) -> None:
        if index in self.numbers:
            self.current = self.numbers[index]
            self.tell({"event": event, "cell": self.current})

    def error(self, ename: str, evalue: str, cell: int | None, **more: Any) -> None:
        self.tell({"event": "error", "ename": ename, "evalue": evalue, "cell": cell, **more})


def _is_ours(cell: Any) -> bool:
    tags = cell.metadata.get("tags", [])
    return cell.cell_type == "code" and "injected-parameters" not in tags


def _register_engine(progress: Progress) -> None:
    """Teach papermill an engine that is its usual one and tells what it does."""

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
            starts, completes = nb_man.cell_start, nb_man.cell_complete

            def start(cell: Any, cell_index: int, **more: Any) -> Any:
                progress.cell("cell", cell_index)
                return starts(cell, cell_index, **more)

            def complete(cell: Any, cell_index: int, **more: Any) -> Any:
                # it is called for a cell that raised, and while a dead kernel's error passes, too
                if not cell.metadata.papermill["exception"] and sys.exc_info()[0] is None:
                    progress.cell("cell_done", cell_index)
                return completes(cell, cell_index=cell_index, **more)

            nb_man.cell_start, nb_man.cell_complete = start, complete
            progress.start(nb_man.nb.cells)
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    papermill_engines.register(ENGINE, Engine)


def choose_parameters(notebook: Path, parameters: dict[str, str], required: bool) -> dict[str, str]:
    """The parameters this notebook can be given: all of them, or none where it has no cell
    tagged `parameters`.

    required: whether it must have that cell. Raises CourseError if it lacks it, or if its cell
    does not name one of the parameters.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    if not any("parameters" in cell.metadata.get("tags", []) for cell in cells):
        if required:
            raise CourseError(
                f"{notebook.name} has no parameters cell, which every lesson must have: tag the "
                "cell that sets MODEL and PLACE with `parameters`."
            )
        return {}
    if not parameters:
        return {}
    try:
        known = papermill.inspect_notebook(notebook)
    except ValueError as error:
        raise CourseError(
            f"{notebook.name} does not say which kernel it is for ({error}): open it in "
            "JupyterLab and save it."
        ) from None
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        names = ", ".join(known) or "nothing"
        raise CourseError(
            f"{notebook.name} knows no parameter {', '.join(unknown)}: its parameters cell sets "
            f"{names}; add the name there, or leave the option out."
        )
    return parameters


def execute(
    notebook: Path,
    executed: Path,
    parameters: dict[str, str],
    required: bool,
    progress: Progress,
) -> bool:
    """Execute a notebook in its own folder; write the executed copy, also of a failed one.

    parameters, required: as in choose_parameters(). Returns whether every cell ran; the last
    event says why not.
    """
    _register_engine(progress)
    try:
        papermill.execute_notebook(
            notebook.resolve(),
            executed.resolve(),
            parameters=choose_parameters(notebook, parameters, required),
            engine_name=ENGINE,
            kernel_name="python3",  # of this environment, whatever the notebook was saved with
            language="python",
            progress_bar=False,
            cwd=notebook.resolve().parent,
        )
    except papermill.PapermillExecutionError as error:
        progress.error(
            error.ename,
            ANSI.sub("", error.evalue) or _said_on_stderr(executed),
            progress.numbers.get(error.cell_index),
            source=error.source,
            traceback=last_lines(error.traceback),
        )
    except DeadKernelError:
        died = "the kernel died while this cell ran: it crashed, exited or ran out of memory"
        progress.error("DeadKernelError", died, progress.current)
    except CellTimeoutError as error:
        progress.error("CellTimeoutError", str(error), progress.current)
    except CourseError as error:
        progress.error("CourseError", str(error), None)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0]
        progress.error("Unreadable", f"{notebook.name} is not a notebook: {reason}", None)
    else:
        return True
    return False


def _said_on_stderr(executed: Path) -> str:
    """What the failed cell wrote there: an unknown magic says nothing anywhere else."""
    for cell in nbformat.read(executed, as_version=4).cells:
        if cell.metadata.get("papermill", {}).get("exception"):
            said = [out.text for out in cell.outputs if out.get("name") == "stderr"]
            return ANSI.sub("", "".join(said)).strip()
    return ""


def last_lines(traceback: list[str]) -> list[str]:
    """The last lines of a traceback, without colour codes."""
    return ANSI.sub("", "\n".join(traceback)).splitlines()[-TRACEBACK_LINES:]


def write_page(executed: Path, page: Path, folder: Path) -> None:
    """Write an executed notebook as one HTML file.

    folder: where the notebook lies, whose images the page takes in.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(embed_images=True)
    exporter.require_js_url = ""  # only widgets want it; offline it would hold the page up
    notebook = nbformat.read(executed, as_version=4)
    _without_widgets(notebook)
    html, _ = exporter.from_notebook_node(
        notebook,
        resources={"metadata": {"name": executed.stem, "path": str(folder)}},
    )
    page.write_text(html, encoding="utf-8")


def _without_widgets(notebook: NotebookNode) -> None:
    """A page has no kernel behind it: where there is a widget, what it falls back to is shown."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if len(output.get("data", {})) > 1:
                output.data.pop("application/vnd.jupyter.widget-view+json", None)


def _end_with_parent() -> None:
    """When the one who started this is gone (its end of our stdin closes), end it all."""
    sys.stdin.read()
    # at once: when the kernel is gone, the main thread ends this process, and nobody is left
    processes.end_marked(os.environ[processes.MARK], grace=0)
    os._exit(3)


def main(argv: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description="Execute one notebook.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("executed", type=Path, help="where the executed copy goes")
    parser.add_argument("page", type=Path, help="where the executed copy as HTML goes")
    parser.add_argument("--parameters", type=json.loads, default={}, metavar="JSON")
    parser.add_argument("--required", action="store_true", help="it must have a parameters cell")
    args = parser.parse_args(argv)

    # events alone go to stdout: whatever else is printed goes to stderr, the kernel's too
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: Event) -> None:
        events.write(json.dumps(event) + "\n")

    if processes.MARK in os.environ:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    args.executed.parent.mkdir(parents=True, exist_ok=True)
    fine = execute(args.notebook, args.executed, args.parameters, args.required, Progress(tell))
    if args.executed.exists():
        write_page(args.executed, args.page, args.notebook.parent)
    if fine:
        tell({"event": "done"})
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""Executes notebooks in boxes: one warm box, a fork of it for every submission.

Measured on lab04: of the 2.6 CPU-seconds that nbgrader's autograde takes for one submission, 0.7
are the cells; the rest starts a kernel, imports what the lab imports, and converts and validates
the notebook twice. A box imports once, and is used again as long as it is as clean as a new one;
otherwise the next submission gets a new box.
"""

import ast
import base64
import contextlib
import io
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.course import processes
from workbook.course.grading import restore
from workbook.course.grading.model import Ungradable
from workbook.errors import CourseError
from workbook.evaluate import sandbox

GB = 2**30
NONE = "none"
"""The box that is no box: --no-sandbox."""

WORK = "/submission"
"""The one folder of a box that can be written: not the sandbox's own, where a checkout may lie."""

LOOK = 0.25
"""Seconds between two looks at a box's memory."""

PARTS = ("workbook", "models", "compose", "labs", "notebooks", "requirements.txt",
         "requirements-torch.txt", "requirements-vllm.txt", "requirements-test.txt",
         "pyproject.toml", "constraints.txt", "constraints-vllm.txt")  # fmt: skip
"""What a box shows of the checkout: no solutions, no tests, no build folder, no grades."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use. cell, total: seconds; memory: bytes of all its processes; disk:
    bytes in its work folder; output: characters that a cell may put out."""

    cell: float = 60
    total: float = 600
    memory: int = 3 * GB
    disk: int = 256 * 2**20
    output: int = 200_000
    processes: int = 256


@dataclass(frozen=True)
class Executed:
    """What came of an execution.

    outputs: of each code cell that ended, by its number; notes: what the guard said of each test
    cell; ended: finished, died, stuck, total, flood or memory; cell: the last one begun.
    """

    outputs: dict[int, list[dict]]
    notes: dict[int, list[str]]
    ended: str
    cell: int
    problems: tuple[str, ...] = ()
    fault: str = ""


def choose(by: str = "") -> str:
    """The name of the box to use: bwrap, podman, docker or none.

    by: what was asked for. Raises CourseError when it does not work here.
    """
    if by == NONE:
        if not hasattr(os, "fork"):
            raise CourseError(
                "Without a sandbox, grading needs Linux or macOS: on Windows use WSL, or docker "
                f"with an image that can run the course (the variable {sandbox.IMAGE} names it)."
            )
        return NONE
    if by != "bwrap" and sys.platform != "linux" and not os.environ.get(sandbox.IMAGE):
        raise CourseError(
            "On this system submissions are graded in a container whose image can run the course: "
            f"name it in the variable {sandbox.IMAGE}, or give --no-sandbox."
        )
    if by:
        reason = sandbox.missing(by)
        if reason:
            raise CourseError(f"Submissions cannot be graded in {by} here: {reason}.")
        return by
    try:
        return sandbox.available()
    except CourseError as error:
        raise CourseError(
            f"Submissions are graded in a sandbox only, and none works here ({error}) To run "
            "students' code with your own rights and network all the same, give --no-sandbox."
        ) from None


class Box:
    """A warm box for one lab. Use it as a context manager, or close it."""

    def __init__(self, preload: list[str], by: str, limits: Limits) -> None:
        self._preload, self._by, self._limits = preload, by, limits
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen | None = None
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._mark, self._work = "", ""
        self.cpu = 0.0
        """CPU-seconds that the box, as it is now, has used."""

    def __enter__(self) -> "Box":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the box and all that is in it."""
        self._process = None
        self._stack.close()
        if self._mark:
            processes.end_marked(self._mark, grace=0.5)
            self._mark = ""

    def execute(
        self, cells: list[dict], lab: str, files: dict[str, bytes], stop: threading.Event | None
    ) -> Executed:
        """Execute code cells ({kind, name, source}) beside files.

        Raises Ungradable when `stop` is set meanwhile, and CourseError when no box starts.
        """
        self._open()
        uid = sandbox.stranger() if self._by == "bwrap" else None
        limits = asdict(self._limits) | {
            "cpu": self._limits.total * (os.cpu_count() or 1) if self._by != NONE else 0,
            "space": 0 if sys.platform == "darwin" else 4 * self._limits.memory,
            "boxed": self._by != NONE,
        }
        order = {
            "cells": cells,
            "lab": lab,
            "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
            "uid": uid,
            "limits": limits,
            "work": self._work,
            "host": "" if self._by == NONE else _namespace(),
            "links": self._links(),
            "environment": {"HOME": self._work, "TMPDIR": self._work, "USER": "student"},
        }
        clean = False
        try:
            found, clean = self._ask(order, stop)
            return found
        finally:
            if not clean or self._by != "bwrap":
                self.close()

    def _links(self) -> list[tuple[str, str]]:
        # Converted models can be read, and a lab can lock and make others.
        if self._by == NONE or not paths.ARTIFACTS.is_dir():
            return []
        return [
            (f"build/artifacts/{made.parent.name}/{made.name}",
             f"/artifacts/{made.parent.name}/{made.name}")
            for made in paths.ARTIFACTS.glob("*/*") if made.is_dir()
        ]  # fmt: skip

    # ---------------------------------------------------------------- starting

    def _open(self) -> None:
        if self._process is not None:
            return
        self._lines = queue.Queue()
        self._process = self._stack.enter_context(self._start())
        self._said = said = io.BytesIO()
        for pipe, put in (
            (self._process.stdout, self._lines.put),
            (self._process.stderr, said.write),
        ):
            threading.Thread(target=_pump, args=(pipe, put), daemon=True).start()
        hello = {"preload": self._preload, "work": self._work}
        with contextlib.suppress(BrokenPipeError):
            self._send(hello)
        deadline = time.monotonic() + 120
        answer = self._next(deadline)
        if not answer or not answer.get("ready"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            why = self._complaint()[-400:] or "it said nothing"
            self.close()
            raise CourseError(f"A box of {self._by} could not be started ({why}).")

    def _complaint(self) -> str:
        return self._said.getvalue()[-4000:].decode("utf-8", "replace").strip()

    def _start(self) -> contextlib.AbstractContextManager[subprocess.Popen]:
        return _plain(self) if self._by == NONE else self._boxed()

    def _boxed(self) -> contextlib.AbstractContextManager[subprocess.Popen]:
        self._work = WORK
        limits = sandbox.Limits(
            memory=self._limits.memory, disk=self._limits.disk, processes=self._limits.processes
        )
        return sandbox.start(program(self._by), limits, self._by)

    # ---------------------------------------------------------------- talking

    def _send(self, what: dict) -> None:
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()

    def _next(self, deadline: float) -> dict | None:
        try:
            line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            return {}
        return json.loads(line) if line else None

    def _ask(self, order: dict, stop: threading.Event | None) -> tuple[Executed, bool]:
        outputs: dict[int, list[dict]] = {}
        notes: dict[int, list[str]] = {}
        ended, cell, problems, fault = "", -1, (), ""
        deadline = time.monotonic() + self._limits.total + 60
        with contextlib.suppress(BrokenPipeError):
            self._send(order)
        while True:
            answer = self._next(time.monotonic() + LOOK)
            if answer is None:
                ended, fault = ended or "died 0", self._complaint()
                break
            if "kind" in answer:
                outputs[answer["cell"]], notes[answer["cell"]] = answer["outputs"], answer["notes"]
            elif "ended" in answer:
                ended, cell, problems = answer["ended"], answer["cell"], tuple(answer["problems"])
                fault = answer["fault"]
            elif "end" in answer:
                self.cpu = answer["cpu"]
                return Executed(outputs, notes, ended, cell, problems, fault), answer["clean"]
            if stop and stop.is_set():
                raise Ungradable("Grading was interrupted.", lasting=False)
            if not answer and sandbox.memory(self._process.pid) > self._limits.memory:
                ended = "memory"
                break
            if time.monotonic() > deadline:
                ended = "total"
                break
        return Executed(outputs, notes, ended, max(cell, len(outputs)), problems, fault), False


def _pump(pipe: Any, put: Any) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in pipe:
            put(line)
    with contextlib.suppress(ValueError, OSError):
        put(b"")


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def environment() -> dict[str, str]:
    """The variables for what executes notebooks: the bundled model whatever the settings say."""
    return {
        "PYTHONPATH": str(paths.ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "WORKBOOK_MODEL": "pocket",
        "WORKBOOK_PLACE": "embedded",
        "NBGRADER_EXECUTION": "autograde",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{WORK}/.matplotlib",
    }


INSIDE = ("-P", "-s", "-m", "workbook.course.grading.inside")


def program(by: str) -> sandbox.Program:
    """What a box of this kind runs, and what it shows of this machine."""
    shown: list[Path | tuple[Path, str]] = [
        paths.ROOT / part for part in PARTS if (paths.ROOT / part).exists()
    ]
    if paths.ARTIFACTS.is_dir():
        shown.append((paths.ARTIFACTS, "/artifacts"))
    python = ""
    if by == "bwrap" or not os.environ.get(sandbox.IMAGE):
        # the course's own environment; an image that was named brings one of its own
        python = sys.executable
        if sys.prefix != sys.base_prefix:
            shown.append(Path(sys.prefix))
        if by != "bwrap":
            shown.append(Path(sys.base_prefix))
    return sandbox.Program(
        INSIDE,
        python=python,
        folders=tuple(shown),
        links=((str(paths.BUILD), f"{WORK}/build"),),
        environment=tuple(environment().items()),
        keep=("CAP_KILL",),
        work=WORK,
    )


@contextlib.contextmanager
def _plain(box: Box) -> Iterator[subprocess.Popen]:
    """The same program in the open, in a folder of its own."""
    box._mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="workbook-grade-", ignore_cleanup_errors=True) as work:
        box._work = work
        process = subprocess.Popen(
            [sys.executable, *INSIDE],
            env=os.environ
            | environment()
            | {processes.MARK: box._mark, "MPLCONFIGDIR": f"{work}/.matplotlib"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            processes.end_marked(box._mark, grace=0.5)
            process.wait()


def preload(source: Any) -> list[str]:
    """The import statements of an instructor's cells: what a box imports before it is used."""
    found = []
    for cell in source.cells:
        if cell.cell_type == "code" and restore.kind_of(cell) != "student":
            with contextlib.suppress(SyntaxError):
                for node in ast.parse(cell.source).body:
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        found.append(ast.unparse(node))
    return list(dict.fromkeys(found))

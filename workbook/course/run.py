"""Executes the course's notebooks, each in a process of its own, and writes the report.

    python -m workbook.course.run [--only PATTERN ...] [--model NAME] [--place PLACE] ...

Nothing that a notebook starts outlives it: not when it passes, fails or takes too long, and
not when the run is interrupted. Only the runtimes that notebooks share stay, until the run ends.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from workbook import paths
from workbook.course import options, processes, report
from workbook.environments import only_one
from workbook.errors import CourseError
from workbook.runtimes import shared

LOG_LINES = 20
QUIET = {
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else every kernel warns about frozen modules
    "JUPYTER_PLATFORM_DIRS": "1",  # else jupyter_core warns about its folders
    "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment before any other
    "PYTHONIOENCODING": "utf-8",
}


def find(root: Path, patterns: list[str]) -> list[Path]:
    """The lessons and solutions under `root`, in order, as paths relative to it.

    patterns: keep those whose path holds one of them or matches it; empty keeps all. Raises
    CourseError if none is left.
    """
    found = [*sorted(root.glob("notebooks/*.ipynb")), *sorted(root.glob("solutions/*/*.ipynb"))]
    notebooks = [path.relative_to(root) for path in found]
    if not notebooks:
        raise CourseError("There is no notebook in notebooks/ or solutions/: restore them first.")
    chosen = [path for path in notebooks if not patterns or _matches(path.as_posix(), patterns)]
    if not chosen:
        names = ", ".join(path.as_posix() for path in notebooks)
        raise CourseError(
            f"No notebook matches {' or '.join(map(repr, patterns))}: there are {names}."
        )
    return chosen


def _matches(path: str, patterns: list[str]) -> bool:
    return any(pattern in path or fnmatch.fnmatch(path, pattern) for pattern in patterns)


class Display:
    """One line a notebook: on a terminal a moving one while it runs, then one that stays."""

    def __init__(self, paths_: list[Path]):
        self.console = Console(highlight=False, soft_wrap=True)
        self.width = max(len(path.as_posix()) for path in paths_)
        self.bars = Progress(
            TextColumn("RUN     {task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f} cells"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Display":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def began(self, result: report.Result) -> None:
        """A notebook's process was started."""
        name = f"{result.path:<{self.width}}"
        self.tasks[result.path] = self.bars.add_task(name, total=0)
        if not self.console.is_terminal:
            self.say(f"RUN     {result.path}")

    def moved(self, result: report.Result) -> None:
        """One more cell is done."""
        self.bars.update(self.tasks[result.path], completed=result.cells_done, total=result.cells)

    def ended(self, result: report.Result) -> None:
        """A notebook is done, well or not."""
        self.bars.remove_task(self.tasks.pop(result.path))
        cells = f"{result.cells_done}/{result.cells} cells"
        time_taken = report.duration(result.seconds)
        self.say(f"{result.word:<7} {result.path:<{self.width}}  {cells:>12}  {time_taken:>11}")
        if result.error:
            self.say(f"        {result.error}")
        if result.left:
            self.say(f"        It left running, and was ended: {', '.join(result.left)}.")

    def say(self, text: str) -> None:
        """Print a line, as it is."""
        self.console.print(text, markup=False)


@dataclass
class Job:
    """A notebook that is being executed."""

    result: report.Result
    process: subprocess.Popen[str]
    mark: str
    log: Path
    began: float = field(default_factory=time.monotonic)
    cell: int | None = None
    ended_by: str = ""


class Runner:
    """Executes notebooks, at most `jobs` at a time, and ends whatever they started.

    root: the checkout; folder: the report's folder; parameters: those for the notebooks;
    timeout: seconds for one notebook.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        parameters: dict[str, str],
        jobs: int = 1,
        keep_going: bool = False,
        timeout: float = 1800.0,
    ):
        self.root, self.folder, self.parameters = root, folder, parameters
        self.jobs, self.keep_going, self.timeout = jobs, keep_going, timeout
        self.events: queue.Queue[tuple[Job, dict[str, Any] | None]] = queue.Queue()
        self.running: list[Job] = []
        self.interrupted = False
        self.environment: dict[str, str] = {}

    def run(self, notebooks: list[Path]) -> list[report.Result]:
        """Execute notebooks (paths relative to the checkout); one result each, in order.

        After a failure the rest is `not run` and what runs is `stopped`, unless keep_going.
        Ctrl-C does the same and sets `interrupted`.
        """
        results = [report.Result(path.as_posix()) for path in notebooks]
        waiting = list(results)
        with Display(notebooks) as self.display:
            try:
                while waiting or self.running:
                    while waiting and len(self.running) < self.jobs:
                        self._start(waiting.pop(0))
                    if self._handle_next() and not self.keep_going:
                        break
            except KeyboardInterrupt:
                self.interrupted = True
            with _signals_ignored():
                self._stop_running()
        return results

    def _start(self, result: report.Result) -> None:
        notebook = Path(result.path)
        executed = self.folder / notebook
        executed.parent.mkdir(parents=True, exist_ok=True)
        log = executed.with_suffix(".log")
        command = [sys.executable, "-m", "workbook.course.execute"]
        command += [str(self.root / notebook), str(executed), str(executed.with_suffix(".html"))]
        command += ["--parameters", json.dumps(self.parameters)]
        command += ["--required"] if notebook.parts[0] == "notebooks" else []
        mark = uuid.uuid4().hex
        with open(log, "w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env={**os.environ, **QUIET, **self.environment, processes.MARK: mark},
                stdin=subprocess.PIPE,  # stays open; when it closes, the child knows we are gone
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
                **_own_group(),
            )
        job = Job(result, process, mark, log)
        self.running.append(job)
        self.display.began(result)
        threading.Thread(target=self._listen, args=(job,), daemon=True).start()

    def _listen(self, job: Job) -> None:
        for line in job.process.stdout or ():
            self.events.put((job, json.loads(line)))
        self.events.put((job, None))

    def _handle_next(self) -> bool:
        """Handle one event, or see that a notebook is out of time; whether one has failed."""
        for job in self.running:
            if time.monotonic() - job.began > self.timeout and not job.ended_by:
                job.ended_by = "timeout"
                processes.end_marked(job.mark)
        try:
            job, event = self.events.get(timeout=0.2)
        except queue.Empty:
            return False
        if event is None:
            self._finish(job)
            return job.result.status == report.FAILED
        self._note(job, event)
        return False

    def _note(self, job: Job, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "start":
            job.result.cells = event["cells"]
        elif kind == "cell":
            job.cell = event["cell"]
        elif kind == "cell_done":
            job.result.cells_done = event["cell"]
        elif kind == "done":
            job.result.status = report.PASSED
        elif kind == "error":
            job.result.status = report.FAILED
            job.result.error = report.Failure(**event)
        self.display.moved(job.result)

    def _finish(self, job: Job) -> None:
        """The process has closed its end: settle the result and clear up behind it."""
        result = job.result
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.process.wait(timeout=10)
        left = processes.end_marked(job.mark)
        job.process.wait()
        job.process.stdin.close()  # type: ignore[union-attr]
        self.running.remove(job)
        result.seconds = round(time.monotonic() - job.began, 2)
        if result.status == report.PASSED:
            result.left = left
        if result.status == report.NOT_RUN:  # it was cut off, by us or by itself
            self._judge_cut_off(job)
        self._collect(result, job.log)
        self.display.ended(result)

    def _judge_cut_off(self, job: Job) -> None:
        result = job.result
        result.status = report.FAILED
        if job.ended_by == "timeout":
            limit = report.duration(self.timeout)
            said = f"it was stopped after {limit}; --timeout allows more"
            result.error = report.Failure("Timeout", said, job.cell)
        elif job.ended_by:
            result.status = report.STOPPED
        else:
            said = f"the process that executes it ended with status {job.process.returncode}"
            result.error = report.Failure("ProcessDied", said, job.cell, traceback=_tail(job.log))

    def _collect(self, result: report.Result, log: Path) -> None:
        """Note where the executed copies are; make the page of one that was cut off."""
        executed = self.folder / result.path
        page = executed.with_suffix(".html")
        if log.exists() and not log.stat().st_size:
            log.unlink()
        if executed.exists() and not page.exists():
            from workbook.course import execute

            # a copy that was cut off while it was saved is no notebook: then there is no page
            with contextlib.suppress(ValueError):
                execute.write_page(executed, page, (self.root / result.path).parent)
        result.executed = result.path if executed.exists() else None
        result.page = page.relative_to(self.folder).as_posix() if page.exists() else None

    def _stop_running(self) -> None:
        jobs = list(self.running)
        for job in jobs:
            job.ended_by = job.ended_by or "stop"
            processes.end_marked(job.mark)
        for job in jobs:
            self._finish(job)


def _own_group() -> dict[str, Any]:
    """What keeps a terminal's Ctrl-C from a child, so that we alone decide how it ends."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def _tail(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]


def _ending_signals() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    """A second Ctrl-C must not keep us from ending what we started."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ending_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: list[str] | None = None, root: Path = paths.ROOT) -> int:
    """The command line of `course.py run`.

    Returns 0, 1 if a notebook failed, 2 if there is nothing to run, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(prog="course.py run")
    options.COMMANDS["run"].add(parser)
    args = parser.parse_args(argv)
    for number in _ending_signals():
        signal.signal(number, _interrupt)
    try:
        notebooks = find(root, args.only)
    except CourseError as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    given = {"MODEL": args.model, "PLACE": args.place}
    parameters = {name: value for name, value in given.items() if value}
    try:
        # two runs at once would write over each other's report
        with only_one(root / "build" / "run.lock", print, "running the notebooks"):
            return run_all(root, notebooks, parameters, args)
    except KeyboardInterrupt:
        print("course.py: interrupted.", file=sys.stderr)
        return 130


def run_all(
    root: Path, notebooks: list[Path], parameters: dict[str, str], args: argparse.Namespace
) -> int:
    """Execute these notebooks and write the report; returns the exit status of main()."""
    folder = root / "build" / "report"
    if folder.exists():
        shutil.rmtree(folder)
    runner = Runner(root, folder, parameters, args.jobs, args.keep_going, args.timeout)
    started, begin = datetime.now(UTC), time.monotonic()
    with contextlib.ExitStack() as session:
        runner.environment = session.enter_context(shared.session())
        results = runner.run(notebooks)
        with _signals_ignored():
            session.close()
    seconds = time.monotonic() - begin
    run = report.Run(results, started, seconds, parameters, interrupted=runner.interrupted)
    with _signals_ignored():
        page = report.write(run, root, folder)
    print(f"\n{run.summary}. Report: {page.relative_to(root).as_posix()}", flush=True)
    if runner.interrupted:
        return 130
    return 0 if run.passed else 1


if __name__ == "__main__":
    sys.exit(main())

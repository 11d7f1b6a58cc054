"""The report of a run: result.json for programs, index.html for people."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from workbook.course import environment

PASSED, FAILED, STOPPED, NOT_RUN = "passed", "failed", "stopped", "not run"
WORDS = {PASSED: "OK", FAILED: "FAIL", STOPPED: "STOPPED", NOT_RUN: "NOT RUN"}
PACKAGES = (
    "torch",
    "transformers",
    "onnxruntime",
    "onnxruntime-genai",
    "xllamacpp",
    "vllm",
    "foundry-local-sdk",
    "openai",
    "ollama",
    "jupyterlab",
    "papermill",
    "nbgrader",
)


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed. cell: which of its code cells, from 1; None if none had begun."""

    ename: str
    evalue: str
    cell: int | None = None
    source: str = ""
    traceback: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = f"code cell {self.cell}: " if self.cell else ""
        what = self.evalue if self.ename == "CourseError" else f"{self.ename}: {self.evalue}"
        return (where + what).strip().removesuffix(":")


@dataclass
class Result:
    """What became of one notebook. Paths are relative: `path` to the checkout, `executed` and
    `page` to the report's folder; seconds of wall-clock time; left: the names of processes that
    it left running, which were ended."""

    path: str
    status: str = NOT_RUN
    seconds: float = 0.0
    cells: int = 0
    cells_done: int = 0
    error: Failure | None = None
    executed: str | None = None
    page: str | None = None
    left: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The status as one word or two for people."""
        return WORDS[self.status]


@dataclass(frozen=True)
class Run:
    """A whole run: its results, when it began (UTC), how long it took, with what it ran."""

    results: list[Result]
    started: datetime
    seconds: float
    options: dict[str, str]
    interrupted: bool = False

    @property
    def passed(self) -> bool:
        """Whether every notebook passed."""
        return not self.interrupted and all(r.status == PASSED for r in self.results)

    def count(self, status: str) -> int:
        """How many notebooks have this status."""
        return sum(result.status == status for result in self.results)

    @property
    def summary(self) -> str:
        """One line: how many passed, failed and so on."""
        parts = [f"{self.count(s)} {s}" for s in (PASSED, FAILED, STOPPED, NOT_RUN)]
        told = [part for part in parts if not part.startswith("0 ")] or ["0 passed"]
        return ", ".join(told) + f" in {duration(self.seconds)}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 8.2 s, 3 min 05 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def machine() -> dict[str, str]:
    """What the run ran on, name by name."""
    memory = environment.memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "System": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "Processor": f"{_processor()}, {cores} cores",
        "Memory": f"{memory / 1e9:.1f} GB" if memory else "unknown",
        "Python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine() or "unknown"


def versions() -> dict[str, str]:
    """The packages that decide what a notebook does, with their versions; only those present."""
    found = {}
    for name in PACKAGES:
        for distribution in metadata.distributions(name=name, path=sys.path):
            found.setdefault(name, distribution.version)
    return found


def commit(root: Path) -> str:
    """The commit that is checked out at `root`, and whether files differ from it."""
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head + (" with local changes" if changed else "")


def _git(root: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *args], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def write(run: Run, root: Path, folder: Path) -> Path:
    """Write result.json and index.html for a run into `folder`; returns the page's path.

    root: the checkout, which is asked for its commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"commit": commit(root), "machine": machine(), "versions": versions()}
    result = {
        "schema": 1,
        "passed": run.passed,
        "interrupted": run.interrupted,
        "started": run.started.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 2),
        "options": run.options,
        **facts,
        "notebooks": [asdict(result) for result in run.results],
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / "result.json").write_text(text + "\n", encoding="utf-8")
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["duration"] = duration
    page = folder / "index.html"
    html = templates.get_template("report.html.j2").render(
        run=run, started=run.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"), **facts
    )
    page.write_text(html, encoding="utf-8")
    return page

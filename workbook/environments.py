"""Makes a Python environment step by step, so that an interrupted set-up goes on where it stopped.

Standard library only: the course's own environment is made before anything is installed, under
the Python that called `course.py`.
"""

import contextlib
import hashlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from workbook.errors import CourseError

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GB = 10**9
NO_INDEX = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo failed",
    "nodename nor servname provided",
    "Max retries exceeded",
    "connection broken by",
    "Connection refused",
    "Network is unreachable",
    "Read timed out",
    "ProxyError",
    "CERTIFICATE_VERIFY_FAILED",
)
NO_SPACE = ("No space left on device", "[Errno 28]", "not enough space on the disk")


class PipFailed(Exception):
    """pip ended badly; `output` is what it said."""

    def __init__(self, output: str):
        super().__init__(output)
        self.output = output


# ---------------------------------------------------------------- one set-up at a time


@contextlib.contextmanager
def only_one(
    path: Path,
    say: Callable[[str], None],
    doing: str = "setting up the environment",
    who: str = "course.py",
) -> Iterator[None]:
    """Hold the lock file `path`; wait, and say so once, while another process holds it.

    doing, who: what a holder of this lock does, and what it is, for that sentence.

    The operating system gives the lock back when its holder dies, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        handle = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (closed below)
        while not _try_lock(handle):
            if not said:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
                say(f"Another {who} (process {holder}) is {doing}: waiting for it to finish.")
                said = True
            time.sleep(0.2)
        # `clean` may have removed the file while we waited: then this lock guards nothing
        if path.exists() and os.path.samestat(os.fstat(handle.fileno()), os.stat(path)):
            break
        handle.close()
    try:
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
    finally:
        handle.close()


def _try_lock(handle: TextIO) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(1 << 20)  # far behind the text, which others must be able to read
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# ---------------------------------------------------------------- showing what pip does


class Screen:
    """Lines for a person: one a package, and on a terminal a clock beside what takes long."""

    def __init__(self, out: TextIO):
        self.out = out
        self.live = out.isatty()
        self.waiting = ""
        self.since = 0.0

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self._wipe()
        self.out.write(text + "\n")
        self.out.flush()

    def pip(self, line: str) -> None:
        """Show a line of pip's output, if it is worth it."""
        shown = condensed(line)
        if shown and shown[0] == "wait" and self.live:
            self.waiting, self.since = shown[1], time.monotonic()
        elif shown:
            self.line("    " + shown[1])

    def tick(self) -> None:
        """Move the clock on."""
        if self.live and self.waiting:
            self._wipe()
            self.out.write(f"    {self.waiting} ({clock(self.since)})")
            self.out.flush()

    def done(self) -> None:
        """Nothing is waited for any more."""
        self._wipe()
        self.waiting = ""

    def _wipe(self) -> None:
        if self.live:
            self.out.write("\r\033[K")


def clock(since: float) -> str:
    """Time passed since `since` (time.monotonic), as m:ss."""
    seconds = int(time.monotonic() - since)
    return f"{seconds // 60}:{seconds % 60:02d}"


def condensed(line: str) -> tuple[str, str] | None:
    """(kind, text) of a line of pip worth showing: 'package', 'wait' or 'done'; else None."""

    wheel = re.match(
        r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?([^/\s-]+)-([^-\s]+)-\S*\.whl"
        r"(?: \((?!from )([^)]*)\))?(?: \(from .*\))?\s*$",
        line,
    )
    if wheel:
        name, version, size = wheel.groups()
        version = version.replace("%2B", "+")
        return "package", "{} {}{}".format(name, version, f"  ({size})" if size else "")
    if line.startswith("Installing collected packages:"):
        return "wait", f"installing {_packages(line.count(',') + 1)}"
    if line.startswith("Successfully installed"):
        return "done", f"{_packages(len(line.split()) - 2)} installed"
    return None


def _packages(count: int) -> str:
    return "1 package" if count == 1 else f"{count} packages"


# ---------------------------------------------------------------- the set-up


@dataclass(frozen=True)
class Step:
    """One step of the set-up. `files`: those whose content decides whether it must be done
    again; `needs`: the free bytes it wants; `action`: what it does."""

    name: str
    title: str
    files: tuple[str, ...]
    needs: float
    action: "Callable[[Setup], None]"


class Setup:
    """An environment of one checkout. Each finished step leaves a stamp in it.

    root: the checkout; steps: what to do, in order; out: where a person reads the progress;
    folder: the environment's, under root; whose: what it is for, as a sentence names it; who: the
    kind of program that makes it.
    """

    def __init__(
        self,
        root: Path,
        steps: tuple[Step, ...],
        out: TextIO | None = None,
        *,
        folder: str = ".venv",
        whose: str = "the course's",
        who: str = "course.py",
    ):
        self.root = root
        self.steps = steps
        self.whose = whose
        self.who = who
        self.venv = root / folder
        scripts, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        self.python = self.venv / scripts / name
        file = "setup" + folder.removeprefix(".venv")
        self.lock = root / "build" / f"{file}.lock"
        self.log = root / "build" / "logs" / f"{file}.log"
        self.screen = Screen(out or sys.stderr)

    def ready(self) -> None:
        """Make what is missing; return at once when nothing is.

        Raises CourseError when a step cannot be done; the next call goes on with that step.
        """
        if not self.pending():
            return
        with only_one(self.lock, self.screen.line, who=self.who):
            pending = self.pending()  # the one we waited for may have done it
            if pending:
                self._run(pending)

    def pending(self) -> list[Step]:
        """The steps without a valid stamp, in order; all where the environment does not work."""
        version = self._working_python()
        if version is None:
            return list(self.steps)
        keys = self.keys(version)
        return [step for step in self.steps if self._stamped(step.name) != keys[step.name]]

    def keys(self, version: str) -> dict[str, str]:
        """What each step's stamp must hold: a hash of its files and of the steps before it, of
        the environment's Python version and of where the checkout lies (scripts name it)."""
        chain = hashlib.sha256(f"{version} {self.root}".encode())
        keys = {}
        for step in self.steps:
            for file in step.files:
                chain.update((self.root / file).read_bytes())
            keys[step.name] = chain.hexdigest()
        return keys

    def _stamp(self, name: str) -> Path:
        return self.venv / f"course-{name}.stamp"

    def _stamped(self, name: str) -> str:
        try:
            return self._stamp(name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def _working_python(self) -> str | None:
        """The version of the environment's Python; None when it is gone, broken, has no pip, or
        is no environment: pip would install into the system then."""
        if not self.python.exists() or not (self.venv / "pyvenv.cfg").is_file():
            return None
        probe = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            asked = subprocess.run(
                [str(self.python), "-I", "-S", "-c", probe],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        version = asked.stdout.strip()
        # a Python that was replaced by another version looks for its packages elsewhere
        lib = self.venv / ("Lib" if os.name == "nt" else f"lib/python{version}") / "site-packages"
        return version if (lib / "pip").is_dir() else None

    def _run(self, pending: list[Step]) -> None:
        problem = space_problem(
            sum(step.needs for step in pending), shutil.disk_usage(self.root).free
        )
        if problem:
            raise CourseError(problem)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("", encoding="utf-8")
        start = time.monotonic()
        log = self.log.relative_to(self.root).as_posix()
        self.screen.line(f"Setting up {self.whose} environment (the full log: {log}).")
        for step in pending:
            self._do(step, log)
        self.screen.line(f"The environment is ready ({clock(start)}).")

    def _do(self, step: Step, log: str) -> None:
        place = f"{self.steps.index(step) + 1} of {len(self.steps)}"
        self.screen.line(f"Step {place}: {step.title}")
        start = time.monotonic()
        self._stamp(step.name).unlink(missing_ok=True)
        try:
            step.action(self)
        except PipFailed as error:
            raise CourseError(pip_problem(error.output, log)) from None
        except KeyboardInterrupt:
            self.screen.line(f"Stopped in step {place}: the next call goes on there.")
            raise
        finally:
            self.screen.done()
        version = self._working_python()
        if version is None:
            raise CourseError(
                f"The environment in {self.venv.name} was just made and does not work: delete "
                f"the folder {self.venv.name} and start again."
            )
        self._stamp(step.name).write_text(self.keys(version)[step.name], encoding="ascii")
        self.screen.line(f"    done ({clock(start)})")

    def make_venv(self) -> None:
        """Make the environment, or keep one that works and was not moved; see to a recent pip."""
        if self._working_python() is None or self._was_moved():
            self._remove_venv()
            self._create_venv()
        # an older pip downloads a whole wheel to look at it, and torch's CUDA wheel is large
        self._pip("pip>=23.2")

    def _was_moved(self) -> bool:
        config = (self.venv / "pyvenv.cfg").read_text(encoding="utf-8")
        made = re.search(r"^command = .* -m venv (?:--\S+ )*(.+)$", config, re.MULTILINE)
        return made is not None and Path(made.group(1)).resolve() != self.venv.resolve()

    def _create_venv(self) -> None:
        base = getattr(sys, "_base_executable", None) or sys.executable
        try:
            self._call([base, "-m", "venv", str(self.venv)])
        except PipFailed as error:
            if "ensurepip" not in error.output:
                raise
            raise CourseError(
                "This Python cannot make environments, because its ensurepip module is "
                "missing: install it (on Debian and Ubuntu: `apt install python3-venv`), "
                "then start again."
            ) from None

    def _remove_venv(self) -> None:
        if not os.path.lexists(self.venv):
            return
        self.screen.line(
            f"    {self.venv.name} is incomplete, broken or was moved: making it again"
        )
        try:
            if self.venv.is_dir() and not self.venv.is_symlink():
                shutil.rmtree(self.venv)
            else:
                self.venv.unlink()
        except OSError as error:
            raise CourseError(
                f"The old environment cannot be removed ({error.strerror}): close what uses "
                f"it, delete the folder {self.venv.name}, then start again."
            ) from None

    def install_torch(
        self,
        pins: str = "requirements-torch.txt",
        arguments: tuple[str, ...] = ("-r", "requirements-torch.txt", "-c", "constraints.txt"),
    ) -> None:
        """Install the torch that the file `pins` names: the plain pin where that is a CPU build,
        else the same pin from PyTorch's CPU index. Never a CUDA build.

        arguments: for the `pip install` that brings torch, or what it needs.
        """
        pin = torch_pin((self.root / pins).read_text(encoding="utf-8"), pins)
        if not self._plain_torch_is_cpu(pin):
            # only torch itself from that index; what it needs comes from the usual one below
            self.install("--no-deps", "--index-url", TORCH_CPU_INDEX, pin)
        self.install(*arguments)

    def _plain_torch_is_cpu(self, pin: str) -> bool:
        report = self.log.with_suffix(".torch.json")
        question = ("--dry-run", "--no-deps", "--ignore-installed", "--report", str(report), pin)
        try:
            self._pip(*question, quiet=True)
        except PipFailed:
            return False  # not on the usual index: the other one decides
        return torch_is_cpu(json.loads(report.read_text(encoding="utf-8")))

    def install(self, *args: str) -> None:
        """`pip install` with these arguments. Raises PipFailed."""
        drop_half_installed(self.venv)
        self._pip(*args)

    def _pip(self, *args: str, quiet: bool = False) -> None:
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        self._call([*pip, "install", "--progress-bar", "off", *args], quiet)

    def _call(self, command: list[str], quiet: bool = False) -> None:
        """Run a command, its output condensed on the screen and whole in the log."""
        child = subprocess.Popen(
            command,
            cwd=self.root,
            env=dict(os.environ, PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(child, lines), daemon=True).start()
        try:
            output = self._follow(lines, quiet)
        except BaseException:
            stop(child)
            raise
        if child.wait():
            raise PipFailed(output)

    def _follow(self, lines: "queue.Queue[str | None]", quiet: bool) -> str:
        output = []
        with open(self.log, "a", encoding="utf-8") as log:
            while True:
                try:
                    line = lines.get(timeout=0.5)
                except queue.Empty:
                    self.screen.tick()
                    continue
                if line is None:
                    return "".join(output)
                output.append(line)
                log.write(line)
                if not quiet:
                    self.screen.pip(line)


def _read(child: subprocess.Popen[str], lines: "queue.Queue[str | None]") -> None:
    for line in child.stdout or ():
        lines.put(line)
    lines.put(None)


def stop(child: subprocess.Popen[str]) -> None:
    """End a child process: it may finish what a Ctrl-C told it already, then it must go."""

    try:
        child.wait(timeout=2)
    except subprocess.TimeoutExpired:
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def drop_half_installed(venv: Path) -> None:
    """Remove the records of packages whose installation was cut off, so that pip does them again.

    pip writes RECORD last; without it, it would still take the package for installed.
    """

    for info in list(venv.glob("lib/python*/site-packages/*.dist-info")) + list(
        venv.glob("Lib/site-packages/*.dist-info")
    ):
        if not (info / "RECORD").exists():
            shutil.rmtree(str(info), ignore_errors=True)


def torch_pin(text: str, file: str = "requirements-torch.txt") -> str:
    """The torch requirement in the text of `file`."""
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("torch=="):
            return line
    raise CourseError(f"{file} has no line `torch==…`: restore the file from the repository.")


def torch_is_cpu(report: dict[str, Any]) -> bool:
    """Whether pip's installation report offers a torch that brings no GPU packages.

    report: what `pip install --dry-run --no-deps --report FILE torch==…` wrote.
    """

    offered = [item["metadata"] for item in report.get("install", [])]
    offered = [item for item in offered if item["name"].lower() == "torch"]
    if not offered:
        return False
    local = offered[0]["version"].partition("+")[2]
    if local:
        return local.startswith("cpu")
    for need in offered[0].get("requires_dist", []):
        package, _, marker = need.partition(";")
        gpu = re.match(r"(nvidia|cuda|triton|pytorch[-_]triton)", package.strip(), re.I)
        if gpu and marker_holds(marker, report["environment"]):
            return False
    return True


def marker_holds(marker: str, environment: dict[str, str]) -> bool:
    """Whether a dependency's marker may hold here: False only where one of its `and` parts
    says clearly that it does not. Anything harder counts as True, which is the careful side."""

    if re.search(r"\bor\b", marker):
        return True
    for part in re.split(r"\band\b", marker):
        found = re.match(r"\s*\(?\s*(\w+)\s*(==|!=)\s*['\"]([^'\"]*)['\"]\s*\)?\s*$", part)
        if not found:
            continue
        name, sign, value = found.groups()
        if name == "extra":
            return False  # no extras are asked for
        if name in environment and (environment[name] == value) != (sign == "=="):
            return False
    return True


# ---------------------------------------------------------------- what went wrong, in one sentence


def space_problem(needed: float, free: float) -> str | None:
    """Why the disk is too full, as a sentence, or None; both in bytes."""
    if free >= needed:
        return None
    return (
        f"The environment needs {needed / GB:.1f} GB of free space in the course's folder, "
        f"and {free / GB:.1f} GB are free: make room, then start again."
    )


def pip_problem(output: str, log: str) -> str:
    """What pip's output means for the person who waits, as one sentence."""
    if any(sign in output for sign in NO_SPACE):
        return (
            "The disk became full while packages were being installed: make room (4 GB), then "
            "start again, and the set-up goes on where it stopped."
        )
    if any(sign in output for sign in NO_INDEX):
        return (
            f"The package index {_index_named_in(output)} cannot be reached: check the network, "
            "the proxy settings or pip's index-url, then start again, and the set-up goes on "
            "where it stopped."
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    said = errors[-1][len("ERROR: ") :].rstrip(".") if errors else "no reason given"
    return f"pip could not install a package ({said}): the whole output is in {log}."


def _index_named_in(output: str) -> str:

    named = re.search(r"Looking in indexes: ([^,\s]+)", output) or re.search(
        r"host='([^']+)'", output
    )
    # an index address may carry a name and a password
    return re.sub(r"//[^/@]+@", "//", named.group(1)) if named else "(pip's default)"

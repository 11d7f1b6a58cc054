"""Run Python that a model wrote, where it can do no harm.

The code runs in a process of its own with no network, with a file system that is read-only but
for an empty work folder in memory, and with limits on memory, processor time, wall-clock time,
processes, files and output. What it starts ends with it. Two things can build such a box: the
program bubblewrap (`bwrap`), and a container engine (podman or docker). Where there is neither,
code is refused: nothing here ever runs it in the open.

It is a strong fence and no wall: the code shares this machine's kernel. Code from an enemy
belongs into a virtual machine.

The limits are set by `inside.py` inside the box, before the first line of the code runs, and
cannot be raised again.
"""

import contextlib
import functools
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from workbook.errors import CourseError
from workbook.evaluate import seccomp

INSIDE = (Path(__file__).parent / "inside.py").read_text(encoding="utf-8")
IMAGE = "WORKBOOK_SANDBOX_IMAGE"
"""The environment variable with the container image to use, which must hold `python3`."""

DEFAULT_IMAGE = "docker.io/library/python:3.11-slim"
WORK = "/work"
XCPU = 24
"""The signal that ends a process whose processor time is used up, on Linux."""

TICK = 0.05
"""Seconds between two looks at a box's memory."""


@dataclass(frozen=True)
class Limits:
    """What code may use. `memory`, `disk` and `output` are bytes; `cpu` and `wall` are seconds;
    `memory` holds for one process, and for all of them together.

    Starting the box is not counted in `cpu`, but is counted in `wall`.
    """

    cpu: int = 5
    wall: float = 10.0
    memory: int = 512 * 2**20
    disk: int = 32 * 2**20
    output: int = 64 * 2**10
    processes: int = 32


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    `finished`: the code ran to its last line (an exit, also with status 0, is not that);
    `status`: the exit status, negative for a signal; `stopped`: why the box was closed before
    the code ended (time, memory or output), empty when it was not; `stdout` and `stderr` are cut
    at the limit; `seconds` is wall-clock time, the start of the box included.
    """

    finished: bool
    status: int
    stdout: str
    stderr: str
    seconds: float
    stopped: str = ""

    @property
    def why(self) -> str:
        """One line that says why the code did not finish, empty when it did."""
        if self.finished:
            return ""
        if self.stopped:
            return self.stopped
        lines = self.stderr.strip().splitlines()
        if lines:
            return lines[-1]
        return f"it ended before its last line, with status {self.status}"


@dataclass(frozen=True)
class Box:
    """A command that builds a box and runs a program in it, and the open files that it needs."""

    command: list[str]
    files: tuple[int, ...] = ()


@dataclass(frozen=True)
class Program:
    """What a box runs, and what it shows of this machine besides Python itself.

    `command`: the program and its arguments, after Python's own name; `python`: another
    environment's Python, which must be in `folders`; `folders`: read-only, at their own paths, or
    as (folder, place); `links`: (place, what it points to); `keep`: capabilities that the program
    has when root builds the box, so that it can give them up itself; `work`: the one folder that
    can be written.
    """

    command: tuple[str, ...]
    python: str = ""
    folders: tuple[Path | tuple[Path, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    work: str = WORK


CODE = Program(("-I", "-c", INSIDE))
"""Runs the code of an order: see `run`."""


def run(
    code: str, *, tests: str = "", limits: Limits | None = None, by: str = "", name: str = ""
) -> Outcome:
    """Run code, then its tests in the same module, in a box.

    tests: Python that raises when the code is wrong (assert lines); by: bwrap, podman or docker,
    the first of them that works when left out; name: the module's `__name__`, by default
    `__main__`, and `answer` when there are tests, so that a demonstration at the end of the code
    does not run.

    `finished` is a proof against accidents (an early exit, a killed process), not against code
    that was written to deceive the test that runs beside it.

    Raises CourseError when no box can be built here.
    """
    limits = limits or Limits()
    token = secrets.token_hex(16)
    order = {
        "code": code,
        "tests": tests,
        "token": token,
        "name": name or ("answer" if tests else "__main__"),
        "limits": asdict(limits),
        "uid": stranger(),
    }
    build = _BOXES[by or available()]
    with build(limits, CODE) as box:
        return _watch(box, json.dumps(order).encode(), token, limits)


@contextlib.contextmanager
def start(program: Program, limits: Limits, by: str = "") -> Iterator[subprocess.Popen]:
    """Start a program in a box that answers orders until it is left: the process that builds the
    box, with pipes for standard input, output and error (bytes). Leaving ends all that is inside.

    Only `disk` of the limits is enforced here (in containers `memory` and `processes`, too): the
    program sets the others itself, before it runs a stranger's code.

    Raises CourseError when no box can be built here.
    """
    with _BOXES[by or available()](limits, program) as box:
        process = _popen(box)
        try:
            yield process
        finally:
            _kill(process)
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def stranger() -> int | None:
    """A user id that no other process has, for a box that root builds; None for anybody else."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    return 2**30 + secrets.randbelow(2**29)


def available() -> str:
    """The name of the first box that works on this machine: bwrap, podman or docker.

    Raises CourseError, with the reasons, when there is none.
    """
    reasons = []
    for name in _BOXES:
        reason = missing(name)
        if not reason:
            return name
        reasons.append(f"{name}: {reason}")
    raise CourseError(
        f"Code from a model is run in a box only, and none can be built here "
        f"({'; '.join(reasons)}): install bubblewrap (`apt-get install bubblewrap`), or start "
        f"podman or docker with an image that has python3 (the variable {IMAGE} names it)."
    )


@functools.cache
def missing(name: str) -> str:
    """Why a box cannot be built by bwrap, podman or docker here; empty when it can."""
    if name not in _BOXES:
        raise CourseError(f"There is no box {name!r}: choose one of {', '.join(_BOXES)}.")
    if not shutil.which(name):
        return "not installed"
    if name != "bwrap":
        probe = [name, "image", "inspect", _image()]
        if subprocess.run(probe, capture_output=True, timeout=60).returncode:
            return f"it has no image {_image()}"
    order = {
        "code": "open('probe', 'w')",
        "tests": "",
        "token": "t",
        "name": "probe",
        "uid": stranger(),
    }
    order["limits"] = asdict(Limits())
    with _BOXES[name](Limits(), CODE) as box:
        done = _watch(box, json.dumps(order).encode(), "t", Limits(wall=60))
    return "" if done.finished else done.why


# ---------------------------------------------------------------- bubblewrap


@contextlib.contextmanager
def _bwrap(limits: Limits, program: Program) -> Iterator[Box]:
    python = program.python or os.path.realpath(sys._base_executable)
    command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net",
               "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]  # fmt: skip
    if os.geteuid() == 0:
        # The kernel does not count the processes of root. So there is no user namespace (it would
        # map to root), and the first process becomes a user that nobody else is.
        command += ["--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", *program.keep):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-user", "--disable-userns"]
    shown = [one if isinstance(one, tuple) else (one, str(one)) for one in program.folders]
    for place in (sys.base_prefix, *(place for _, place in shown)):
        for folder in reversed(Path(place).parents[:-1]):
            # Folders on the way to it are made for their owner alone if nothing is said.
            command += ["--perms", "0755", "--dir", str(folder)]
    for folder in ("/usr", "/etc/ld.so.cache", sys.base_prefix):
        command += ["--ro-bind-try", folder, folder]
    for folder, place in shown:
        command += ["--ro-bind", str(folder), place]
    for place, target in program.links:
        command += ["--symlink", target, place]
    for name in ("bin", "lib", "lib32", "lib64"):
        if Path("/", name).is_symlink():
            command += ["--symlink", f"usr/{name}", f"/{name}"]
        else:
            command += ["--ro-bind-try", f"/{name}", f"/{name}"]
    command += ["--proc", "/proc", "--tmpfs", "/dev"]
    # Not `--dev`: its /dev/shm is a place to write without a limit.
    for name in ("null", "zero", "full", "random", "urandom"):
        command += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    command += ["--perms", "0777", "--size", str(limits.disk), "--tmpfs", program.work]
    if not any(Path(place).is_relative_to("/tmp") for _, place in shown):
        command += ["--symlink", program.work, "/tmp"]  # else it is there; TMPDIR says where
    command += ["--chdir", program.work]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    command += ["--clearenv", *_environment(program)]
    with _filter() as files:
        command += [word for file in files for word in ("--seccomp", str(file))]
        yield Box([*command, "--", python, *program.command], files)


@contextlib.contextmanager
def _filter() -> Iterator[tuple[int, ...]]:
    """The open file with the filter of system calls; none on a machine that it is not made for."""
    program = seccomp.program()
    if not program:
        yield ()
        return
    read, write = os.pipe()  # it takes far more than a filter
    try:
        os.write(write, program)
        os.close(write)
        yield (read,)
    finally:
        os.close(read)


def _environment(program: Program) -> list[str]:
    values = {"HOME": program.work, "TMPDIR": program.work, "PATH": "/usr/bin:/bin"}
    values |= {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}
    values |= dict(program.environment)
    return [word for key, value in values.items() for word in ("--setenv", key, value)]


# ---------------------------------------------------------------- containers


@contextlib.contextmanager
def _container(engine: str, limits: Limits, program: Program) -> Iterator[Box]:
    name = f"workbook-sandbox-{secrets.token_hex(6)}"
    memory = str(limits.memory + limits.disk)
    user = str(20_000 + secrets.randbelow(30_000))  # its own: processes are counted by user
    command = [engine, "run", "--rm", "--interactive", "--name", name, "--pull", "never",
               "--network", "none", "--read-only", "--user", f"{user}:{user}",
               "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
               "--shm-size", "1m", "--memory", memory, "--memory-swap", memory,
               "--pids-limit", str(limits.processes + 2), "--ulimit", "nofile=64:64",
               "--ulimit", f"nproc={limits.processes}:{limits.processes}",
               "--workdir", program.work, "--env", f"HOME={program.work}",
               "--env", "PYTHONUTF8=1"]  # fmt: skip
    if engine == "podman":
        # Otherwise /dev/shm, /tmp, /run and /var/tmp can be written.
        command += ["--read-only-tmpfs=false"]
    command += ["--tmpfs", f"{program.work}:rw,size={limits.disk},mode=1777"]
    for one in program.folders:
        folder, place = one if isinstance(one, tuple) else (one, str(one))
        command += ["--volume", f"{folder}:{place}:ro"]
    for variable, value in program.environment:
        command += ["--env", f"{variable}={value}"]
    python = program.python or "python3"
    try:
        yield Box([*command, "--entrypoint", python, _image(), *program.command])
    finally:
        subprocess.run([engine, "rm", "--force", name], capture_output=True, timeout=60)


def _image() -> str:
    return os.environ.get(IMAGE) or DEFAULT_IMAGE


_BOXES = {
    "bwrap": _bwrap,
    "podman": functools.partial(_container, "podman"),
    "docker": functools.partial(_container, "docker"),
}


# ---------------------------------------------------------------- watching


def _popen(box: Box) -> subprocess.Popen:
    return subprocess.Popen(
        box.command,
        pass_fds=box.files,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/" if os.name == "posix" else None,
    )


def _watch(box: Box, order: bytes, token: str, limits: Limits) -> Outcome:
    started = time.monotonic()
    process = _popen(box)
    wrote = _Output(process, limits.output)
    try:
        with contextlib.suppress(BrokenPipeError):  # the box was not built: stderr says why
            process.stdin.write(order)
            process.stdin.close()
        stopped = _wait(process, wrote, limits, started + limits.wall)
    finally:
        _kill(process)
        wrote.close()
    status = process.wait()
    if not stopped and status in (-XCPU, 128 + XCPU):
        stopped = f"it used more than {limits.cpu} seconds of processor time"
    stdout = wrote.text("stdout")
    return Outcome(
        finished=not stopped and status == 0 and stdout.endswith(token),
        status=status,
        stdout=stdout.removesuffix(token),
        stderr=wrote.text("stderr"),
        seconds=time.monotonic() - started,
        stopped=stopped,
    )


def _wait(process: subprocess.Popen, wrote: "_Output", limits: Limits, deadline: float) -> str:
    """Wait until the box has ended; gives the reason to close it before, empty when it ended."""
    while not wrote.ended.wait(TICK):
        if time.monotonic() > deadline:
            return f"it took longer than {limits.wall:g} seconds"
        if memory(process.pid) > limits.memory:
            return f"it used more than {limits.memory} bytes of memory"
    return f"it wrote more than {limits.output} bytes" if wrote.too_much else ""


class _Output:
    """What a process writes, up to a number of bytes. `ended` is set when it closed both of its
    pipes, or wrote too much."""

    def __init__(self, process: subprocess.Popen, room: int) -> None:
        self.ended, self.too_much = threading.Event(), False
        self._room, self._lock = room, threading.Lock()
        self._kept = {"stdout": b"", "stderr": b""}
        self._threads = [
            threading.Thread(target=self._read, args=(name, getattr(process, name)), daemon=True)
            for name in self._kept
        ]
        self._open = len(self._threads)
        for thread in self._threads:
            thread.start()

    def _read(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                with self._lock:
                    self._kept[name] += data[: self._room]
                    self.too_much |= len(data) > self._room
                    self._room = max(0, self._room - len(data))
                    if self.too_much:
                        self.ended.set()
        with self._lock:
            self._open -= 1
            if not self._open:
                self.ended.set()

    def text(self, name: str) -> str:
        """What was written to stdout or stderr."""
        return self._kept[name].decode("utf-8", "replace")

    def close(self) -> None:
        """Wait for the readers: the process must have been killed."""
        for thread in self._threads:
            thread.join()


def memory(pid: int) -> int:
    """Bytes of memory that a process and all that it started hold, files apart. What several
    share is counted for each: too much rather than too little."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += _held(process)
    return total


def _held(process: psutil.Process) -> int:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        found = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.M)
        return sum(map(int, found)) * 1024
    with contextlib.suppress(psutil.Error):  # a system without /proc
        return process.memory_info().rss
    return 0


def _kill(process: subprocess.Popen) -> None:
    # The first process of a box dies with the one that built it, and takes all others along.
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()

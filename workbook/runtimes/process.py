"""A server as a child process: started, watched until it is ready, and always ended."""

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes import probe
from workbook.runtimes.base import Kind, Launch

KEPT_LOGS = 20
"""Logs of one kind that stay; older ones are removed."""

LAST_LINES = 15
"""Lines of the log in an error message."""

PATIENCE = 5.0
"""Seconds that a server gets to end by itself, and again after it is asked to."""

COMMON_CAUSES = (
    (r"address already in use|cannot listen", "another program has the port"),
    (r"MemoryError|bad_alloc|Cannot allocate memory", "the machine has too little free memory"),
    (r"No module named", "a package is missing: run `python3 course.py doctor`"),
    (r"No space left on device", "the disk is full"),
)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def check_port(host: str, port: int) -> None:
    """Raises CourseError when a server cannot listen on that address."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, OverflowError) as error:
        raise CourseError(
            f"Nothing can be served on {host} port {port} ({error}): choose another port."
        ) from None


def new_log(name: str) -> Path:
    """The path of a new log under build/logs; old logs of the same name are removed."""
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    old = sorted(paths.LOGS.glob(f"{name}-2*.log"))
    for log in old[: -(KEPT_LOGS - 1)]:
        log.unlink(missing_ok=True)
    return paths.LOGS / f"{name}-{datetime.now():%Y%m%d-%H%M%S-%f}.log"


@contextlib.contextmanager
def running(launch: Launch, log: Path) -> Iterator[subprocess.Popen]:
    """The server's process while the block runs; its output goes to `log`.

    The server holds the read end of a pipe from this process: when this process dies, however
    it dies, the pipe closes and the server ends itself.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            launch.command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(launch.environment),
            # Interrupting a cell must not reach the server.
            **_own_group(),
        )
    try:
        yield process
    finally:
        stop(process)


def _own_group() -> dict:
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def stop(process: subprocess.Popen, patience: float = PATIENCE) -> None:
    """End a process: ask it by closing its input and by a signal, then make it."""
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def wait_until_ready(
    kind: Kind, url: str, process: subprocess.Popen, log: Path, timeout: float
) -> float:
    """Wait for a 200 from the server's health path; gives the seconds it took.

    Prints one line that grows. Raises CourseError when the server ends, says that it failed, or
    takes longer than `timeout` seconds.
    """
    started = time.monotonic()
    print(f"{kind.name}: starting on {url} ", end="", flush=True)
    dots = 0
    try:
        while not _healthy(kind, url, process, log):
            waited = time.monotonic() - started
            if waited > timeout:
                raise _failure(kind, f"was not ready after {timeout:g} s", log)
            if waited > dots + 1:
                dots += 1
                print(".", end="", flush=True)
            time.sleep(0.05)
    except BaseException:
        print(" failed", flush=True)
        raise
    seconds = time.monotonic() - started
    print(f" ready after {seconds:.1f} s", flush=True)
    return seconds


def _healthy(kind: Kind, url: str, process: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None:
        raise _failure(kind, f"ended with status {process.returncode} before it was ready", log)
    try:
        response = probe.get(f"{url}{kind.health}")
    except httpx.HTTPError:
        return False
    health = probe.fields(response)
    if health.get("status") == "failed":
        raise _failure(kind, f"could not load its model: {health.get('reason')}", log)
    return response.status_code == 200


def _failure(kind: Kind, what: str, log: Path) -> CourseError:
    text = log.read_text(encoding="utf-8", errors="replace")
    cause = next(
        (
            meaning
            for pattern, meaning in (*kind.causes, *COMMON_CAUSES)
            if re.search(pattern, text, re.IGNORECASE)
        ),
        "not known, the log may say more",
    )
    lines = "\n".join(text.strip().splitlines()[-LAST_LINES:]) or "(the log is empty)"
    return CourseError(
        f"The runtime {kind.name} {what.rstrip('.')}. Likely cause: {cause}. Its log is {log}; "
        f"the last lines:\n{lines}"
    )

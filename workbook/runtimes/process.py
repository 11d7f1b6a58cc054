"""A server as a child process: started, and always ended."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import psutil

from workbook import paths

KEPT_LOGS = 20
"""Logs of one kind that stay; older ones are removed."""

PATIENCE = 5.0
"""Seconds that a server gets to end by itself, and again after it is asked to."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def new_log(name: str) -> Path:
    """The path of a new log under build/logs; old logs of the same name are removed."""
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    old = sorted(paths.LOGS.glob(f"{name}-2*.log"))
    for log in old[: -(KEPT_LOGS - 1)]:
        log.unlink(missing_ok=True)
    return paths.LOGS / f"{name}-{datetime.now():%Y%m%d-%H%M%S-%f}.log"


@contextlib.contextmanager
def running(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen]:
    """The server's process while the block runs; its output goes to `log`, and `environment` is
    added to this process's.

    The server holds the read end of a pipe from this process: when this process dies, however
    it dies, the pipe closes and the server ends itself.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment),
            # Interrupting a cell must not reach the server.
            **own_group(),
        )
    try:
        yield process
    finally:
        stop(process)


def own_group() -> dict:
    """What keeps a terminal's or a notebook's Ctrl-C from a child (arguments of Popen)."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def stop(process: subprocess.Popen, patience: float = PATIENCE) -> None:
    """End a process and what it started: ask by closing its input and by a signal, then insist."""
    family = _descendants(process.pid)
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
    _, stubborn = psutil.wait_procs(family, timeout=patience)
    for left in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []

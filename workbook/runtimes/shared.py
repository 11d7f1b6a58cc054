"""Servers that several notebooks share: started once, kept while somebody holds them.

A server is a child of a keeper process (keeper.py), not of the notebook that asked first. Every
notebook that uses it holds a lease; the operating system takes a lease back when its owner dies.
`course.py run` holds a session, which keeps small servers from one notebook to the next.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes import leases, process, readiness
from workbook.runtimes.base import Kind

SESSION = "WORKBOOK_SESSION"
"""The environment variable with the file that a session keeps locked."""

NOT_FOR_KEEPERS = (SESSION, "WORKBOOK_RUN_MARK")
"""A keeper outlives the notebook that started it, so it carries none of its marks."""

KEPT_BYTES = 1e9
"""A session keeps servers whose weights are smaller than this; the memory that a larger one
takes is needed by the next."""

ENDING = 60.0
"""Seconds that a keeper may take to end its server."""


def key(*what: object) -> str:
    """A short name for what is served, equal for equal arguments."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:12]


@contextlib.contextmanager
def hold(kind: Kind, name: str, order: dict, timeout: float) -> Iterator[dict]:
    """Hold the server `name` while the block runs; gives its state (url, log, pid or container).

    It is started as `order` says if it does not run yet. Raises CourseError when it does not get
    ready in `timeout` seconds, with the reason.
    """
    folder = paths.RUNTIMES / name
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / leases.LOCK, thread_local=False)
    with contextlib.ExitStack() as mine:
        with lock:
            mine.enter_context(leases.lease(folder))
            state = _running(kind, folder)
            if state:
                print(f"{kind.name}: runs already on {state['url']}, shared", flush=True)
            else:
                try:
                    state = _begin(kind, folder, order, timeout)
                except BaseException:
                    _end(folder)
                    raise
            _keep_for_session(folder, order)
        try:
            yield state
        finally:
            with lock:
                mine.close()
                if not leases.held(folder):
                    _end(folder)


def _running(kind: Kind, folder: Path) -> dict | None:
    """The state of the folder's server; None when none runs (what a crash left is removed)."""
    state = leases.read(folder / leases.STATE)
    if (
        state
        and leases.is_locked(folder / leases.KEEPER)
        and readiness.is_healthy(kind, state.get("url", ""))
    ):
        return state
    _end(folder)
    return None


def _begin(kind: Kind, folder: Path, order: dict, timeout: float) -> dict:
    log = Path(order["log"])
    leases.write(folder / leases.LAUNCH, order)
    environment = {k: v for k, v in os.environ.items() if k not in NOT_FOR_KEEPERS}
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "workbook.runtimes.keeper", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            **process.own_group(),
        )
    threading.Thread(target=keeper.wait, daemon=True).start()  # else it stays as a zombie
    with readiness.Progress(f"{kind.name}: starting") as progress:
        while True:
            state = leases.read(folder / leases.STATE) or {}
            if "failed" in state:
                raise CourseError(state["failed"])
            status = state.get("ended", keeper.poll())
            begun = state.get("url") or status is not None
            if begun and readiness.is_ready(kind, state.get("url", ""), status, log):
                return state
            if progress.seconds > timeout:
                raise readiness.failure(kind, f"was not ready after {timeout:g} s", log)
            progress.tick()


def _end(folder: Path) -> None:
    """End the folder's server, if one runs. Its lock must be held."""
    (folder / leases.STATE).unlink(missing_ok=True)
    if leases.is_locked(folder / leases.KEEPER):
        # One that still brings its server up does not look at the state.
        with contextlib.suppress(psutil.NoSuchProcess, TypeError, KeyError):
            psutil.Process(leases.read(folder / leases.PROCESS)["pid"]).terminate()
    try:
        with FileLock(folder / leases.KEEPER, timeout=ENDING):
            # A keeper whose server died at this moment has written so.
            (folder / leases.STATE).unlink(missing_ok=True)
    except Timeout:
        raise CourseError(
            f"A server of {folder.name} does not end: end the processes whose command line has "
            f"{folder} in it."
        ) from None


# ---------------------------------------------------------------- sessions


@contextlib.contextmanager
def session() -> Iterator[dict[str, str]]:
    """Keep small servers from one notebook to the next while the block runs.

    Gives what the notebooks' environment must hold. At the end, and when this process dies,
    the servers that nobody else holds are ended.
    """
    sessions = paths.RUNTIMES / "sessions"
    sessions.mkdir(parents=True, exist_ok=True)
    file = sessions / f"{uuid.uuid4().hex}.lock"
    kept: list[Path] = []
    try:
        with FileLock(file, thread_local=False):
            try:
                yield {SESSION: str(file)}
            finally:
                # Before the lock goes: a keeper that sees it gone removes its trace at once.
                holders = paths.RUNTIMES.glob(f"*/{leases.HOLDERS}/{file.stem}")
                kept = [holder.parent.parent for holder in holders]
    finally:
        file.unlink(missing_ok=True)
        for folder in kept:
            with FileLock(folder / leases.LOCK):
                if not leases.held(folder):
                    _end(folder)


def _keep_for_session(folder: Path, order: dict) -> None:
    file = os.environ.get(SESSION)
    if file and order["bytes"] < KEPT_BYTES and leases.is_locked(Path(file)):
        leases.point(folder, Path(file), Path(file).stem)


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())

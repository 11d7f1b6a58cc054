"""The process that keeps one shared server running while somebody holds it.

python -m workbook.runtimes.keeper FOLDER

FOLDER is one of build/runtimes (see shared.py). Its `launch.json` says what to start. The keeper
writes `state.json` once that runs, looks at who holds the server a few times a second, and ends
it when nobody does any more, when `state.json` is taken away, or when it is told to end itself.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from workbook.errors import CourseError
from workbook.runtimes import leases, process

PAUSE = 0.2
"""Seconds between two looks at who holds the server."""


def main(folder: Path) -> int:
    """Serve what the folder asks for until nobody holds it; 1 when it cannot be served."""
    signal.signal(signal.SIGTERM, _end)
    with contextlib.suppress(Timeout), FileLock(folder / leases.KEEPER, timeout=0):
        leases.write(folder / leases.PROCESS, {"pid": os.getpid()})
        order = json.loads((folder / leases.LAUNCH).read_text(encoding="utf-8"))
        try:
            with _serving(order) as (state, status):
                leases.write(folder / leases.STATE, state)
                _keep(folder, state, status)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
        except CourseError as error:
            leases.write(folder / leases.STATE, {"failed": str(error)})
            return 1
    return 0


def _end(*_: object) -> None:
    # Once: a second signal must not disturb the ending of the server.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


@contextlib.contextmanager
def _serving(order: dict) -> Iterator[tuple[dict, Callable[[], int | None]]]:
    """(what it is, how to ask for its exit status) of the server that was ordered."""
    log = Path(order["log"])
    if order["place"] == "compose":
        from workbook.runtimes import compose, places

        kind = places.kind_of(order["name"])
        with compose.running(kind, order["model"], order["artifact"], order["port"], log) as stack:
            state = {"url": stack.url, "container": stack.container, "log": order["log"]}
            yield state, lambda: None
    else:
        with process.running(order["command"], order["environment"], log) as child:
            yield {"url": order["url"], "pid": child.pid, "log": order["log"]}, child.poll


def _keep(folder: Path, state: dict, status: Callable[[], int | None]) -> None:
    while (folder / leases.STATE).exists():
        if status() is not None:
            leases.write(folder / leases.STATE, state | {"ended": status()})
            return
        if not leases.held(folder):
            # Whoever joins meanwhile has this lock, and is then among the holders.
            with contextlib.suppress(Timeout), FileLock(folder / leases.LOCK, timeout=0):
                if not leases.held(folder):
                    (folder / leases.STATE).unlink(missing_ok=True)
        time.sleep(PAUSE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

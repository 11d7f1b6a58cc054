"""Who holds a shared server: files that are locked for as long as their owner lives.

The folder of a shared server (build/runtimes/KEY) has these files:

- `lock`: taken while somebody joins, leaves or starts the server, so that one does at a time;
- `launch.json`: what to start; `state.json`: what runs (absent when nothing does);
- `keeper.lock`: held by the keeper process while it lives; `keeper.json`: its process id;
- `holders/*`: one file a holder, with the path of a file that the holder keeps locked. The
  operating system lets go of a lock when its owner dies, however it dies.
"""

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

LOCK, LAUNCH, STATE, HOLDERS = "lock", "launch.json", "state.json", "holders"
KEEPER, PROCESS = "keeper.lock", "keeper.json"


def write(file: Path, content: dict) -> None:
    """Write JSON so that a reader sees the old or the new content, never a part."""
    part = file.with_name(f".{file.name}-{uuid.uuid4().hex}")
    part.write_text(json.dumps(content), encoding="utf-8")
    os.replace(part, file)


def read(file: Path) -> dict | None:
    """The JSON object in a file; None when there is none."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads(file.read_text(encoding="utf-8"))
    return None


def is_locked(file: Path) -> bool:
    """Whether a living process holds the lock on a file."""
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0):
            return False
    except Timeout:
        return True


@contextlib.contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Hold a folder's server while the block runs, or until this process dies."""
    holders = folder / HOLDERS
    holders.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    mine = holders / f"{name}.lock"
    with FileLock(mine, thread_local=False):  # another thread may be the one that lets go
        point(folder, mine, name)
        try:
            yield
        finally:
            (holders / name).unlink(missing_ok=True)
    mine.unlink(missing_ok=True)


def point(folder: Path, lock: Path, name: str) -> None:
    """Count whoever has `lock` locked among the folder's holders, once a name."""
    (folder / HOLDERS).mkdir(parents=True, exist_ok=True)
    (folder / HOLDERS / name).write_text(str(lock), encoding="utf-8")


def held(folder: Path) -> bool:
    """Whether anybody holds the folder's server. Traces of holders that died are removed."""
    found = False
    for holder in (folder / HOLDERS).glob("*"):
        if holder.suffix == ".lock":
            continue
        with contextlib.suppress(FileNotFoundError):  # it lets go at this moment
            text = holder.read_text(encoding="utf-8")
            if not text or is_locked(Path(text)):  # an empty file is one that is being written
                found = True
            else:
                holder.unlink()
                if Path(text).parent == holder.parent:
                    Path(text).unlink(missing_ok=True)
    return found

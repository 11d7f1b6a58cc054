"""Is the server there yet? And if it never will be: why, in one sentence."""

import re
import time
from pathlib import Path

import httpx

from workbook.errors import CourseError
from workbook.runtimes import probe
from workbook.runtimes.base import Kind

LAST_LINES = 15
"""Lines of the log in an error message."""

COMMON_CAUSES = (
    (r"address already in use|cannot listen", "another program has the port"),
    (r"MemoryError|bad_alloc|Cannot allocate memory", "the machine has too little free memory"),
    (r"No module named", "a package is missing: run `python3 course.py doctor`"),
    (r"No space left on device", "the disk is full"),
)


class Progress:
    """One line that grows by a dot a second, until the block ends; then how it ended."""

    def __init__(self, text: str):
        self.started, self.dots = time.monotonic(), 0
        print(f"{text} ...", end="", flush=True)

    @property
    def seconds(self) -> float:
        """Seconds since the line was begun."""
        return time.monotonic() - self.started

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        print(" failed" if failed else f" ready after {self.seconds:.1f} s", flush=True)

    def tick(self, pause: float = 0.05) -> None:
        """Wait a moment, and show that time passes."""
        if self.seconds > self.dots + 1:
            self.dots += 1
            print(".", end="", flush=True)
        time.sleep(pause)


def is_ready(kind: Kind, url: str, status: int | None, log: Path) -> bool:
    """Whether the server's health path answers 200.

    status: the server's exit status, None while it runs. Raises CourseError when it has ended, or
    says that it failed.
    """
    if status is not None:
        raise failure(kind, f"ended with status {status} before it was ready", log)
    try:
        response = probe.get(f"{url}{kind.health}")
    except httpx.HTTPError:
        return False
    health = probe.fields(response)
    if health.get("status") == "failed":
        raise failure(kind, f"could not load its model: {health.get('reason')}", log)
    return response.status_code == 200


def is_healthy(kind: Kind, url: str) -> bool:
    """Whether the server's health path answers 200 now."""
    try:
        return probe.get(f"{url}{kind.health}").status_code == 200
    except httpx.HTTPError:
        return False


def failure(kind: Kind, what: str, log: Path) -> CourseError:
    """The error with the likely cause and the last lines of the server's log."""
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

"""Run a program of a conversion, with its output kept in a log."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TextIO

from tqdm.auto import tqdm

from workbook import paths
from workbook.errors import CourseError

PROGRESS = "progress:"
"""How a program's line begins that says how far it is: this, what is done, of how many."""

SHOWN_AFTER = 5
"""Seconds after which a bar shows the progress."""


def log_path() -> Path:
    """The log of all conversions."""
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    return paths.LOGS / "convert.log"


def run(command: list[str], what: str) -> str:
    """The standard output of a program that ends.

    what: the beginning of the sentence of a failure ("The conversion of ..."). Raises CourseError
    when the program fails.
    """
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONUTF8": "1",
    }
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as problems:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=problems,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
        try:
            out = _read(process.stdout)
            status = process.wait()
        finally:
            process.kill()  # where this one is interrupted
            process.wait()
        problems.seek(0)
        said = problems.read()
    with log_path().open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n{out}{said}\n")
    if status:
        last = (said.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"{what} failed ({last}): the whole output is in {log_path()}.")
    return out


def _read(stream: TextIO) -> str:
    """All that a program prints; lines of progress move a bar, which shows when it takes long."""
    kept = []
    with tqdm(delay=SHOWN_AFTER, unit="matrix", leave=False) as bar:
        for line in stream:
            if not line.startswith(PROGRESS):
                kept.append(line)
                continue
            done, bar.total = map(int, line.split()[1:])
            bar.update(done - bar.n)
    return "".join(kept)

"""Run a program of a conversion, with its output kept in a log."""

import os
import subprocess
from pathlib import Path

from workbook import paths
from workbook.errors import CourseError


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
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
    )
    with log_path().open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"{what} failed ({last}): the whole output is in {log_path()}.")
    return done.stdout

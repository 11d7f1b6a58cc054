"""The commands of `course.py` and their options. Standard library only, so that `--help`
works before anything is installed.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from workbook.settings import PLACES


@dataclass(frozen=True)
class Command:
    """A command: one line for the list, what its --help says, and a function that adds its
    options to a parser."""

    summary: str
    text: str
    add: Callable[[argparse.ArgumentParser], None]


def seconds(text: str) -> float:
    """A positive number of seconds. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"wants a number of seconds above 0, not {text!r}")
    return value


def count(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wants a whole number from 1 on, not {text!r}")
    return int(text)


def port(text: str) -> int:
    """A port number, 1 to 65535. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"wants a port from 1 to 65535, not {text!r}")
    return int(text)


def _lab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open a browser; only print the address"
    )
    parser.add_argument("--port", type=port, help="serve on this port (default: 8888 or the next)")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PATTERN",
        default=[],
        help="only notebooks whose path holds PATTERN or matches it: 04, lab04, 'notebooks/*'",
    )
    parser.add_argument("--model", help="run on this model, for example phi4-mini")
    parser.add_argument("--place", choices=PLACES, help="where the runtimes live")
    parser.add_argument(
        "--jobs", type=count, default=1, metavar="N", help="notebooks at a time (default: 1)"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="run the rest when a notebook has failed"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=1800.0,
        metavar="SECONDS",
        help="stop a notebook that takes longer (default: 1800)",
    )


def _test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="leave out the slow tests")


def _grade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", nargs="+", help="the folder of submissions, and options")


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")


def _clean(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="remove the environment (.venv) too")
    parser.add_argument("--yes", action="store_true", help="do not ask")


COMMANDS = {
    "lab": Command(
        "open the course in JupyterLab",
        "Open JupyterLab on lesson 00, on this machine only (127.0.0.1), with a token.\n"
        "The address is printed. Ctrl-C ends it.",
        _lab,
    ),
    "run": Command(
        "execute every lesson and solution, and write a report",
        "Execute every lesson and every solution from a clean kernel.\n"
        "The report, with an executed copy of each notebook, is build/report/index.html;\n"
        "build/report/result.json has the same for programs. The exit status is 1 if anything\n"
        "failed. Ctrl-C stops everything that was started.",
        _run,
    ),
    "test": Command(
        "run the tests",
        "Run the tests. What follows `--` goes to pytest:\n    course.py test -- -k engine -x",
        _test,
    ),
    "grade": Command(
        "grade submitted labs",
        "Grade submitted labs. Once the environment is made (by any other command),\n"
        "`course.py grade --help` shows every option of the grader.",
        _grade,
    ),
    "doctor": Command(
        "check this machine, with the fix for whatever is missing",
        "Check this machine: OK, WARN (the course works, something optional is missing) or\n"
        "FAIL, each with the fix. The exit status is 1 if anything is FAIL.",
        _doctor,
    ),
    "clean": Command(
        "remove what the course has generated",
        "Remove build/, which holds converted models, reports and logs; with --all also the\n"
        "environment in .venv. It says what and how much, and asks first.",
        _clean,
    ),
}

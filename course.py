#!/usr/bin/env python3
"""The front door of the course: lab, run, test, grade, doctor, clean.

It needs nothing but Python. `lab`, `run`, `test` and `grade` first make the environment in
`.venv` (or see at once that it is there) and then go on inside it; `doctor` and `clean` work
without it. This file must still be readable by an old Python, so that it can say which one
it wants.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST, NEWEST = (3, 11), (3, 13)
PARTS = (
    "pyproject.toml",
    "requirements.txt",
    "requirements-torch.txt",
    "requirements-test.txt",
    "constraints.txt",
    "workbook/__init__.py",
)


class CannotStart(Exception):
    """One sentence: what is wrong, what was found, what to do next. Exit status 2."""


def python_problem(version, command, works):
    """Why this Python cannot run the course, as a sentence, or None when it can.

    version: (major, minor, ...); command: the course's command that was called; works: says
    whether the Python of a given name is there and starts.
    """
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    found = ".".join(str(part) for part in version[:3])
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    here = [name for name in names if works(name)]
    if here:
        advice = "this machine has {0}: run `{0} course.py {1}`".format(here[0], command)
    else:
        advice = f"install Python 3.12 and run `python3.12 course.py {command}`"
    return f"The course needs Python 3.11, 3.12 or 3.13, but this is Python {found}; {advice}."


def starts(name):
    """Whether the Python of this name starts; some are there by name only."""
    import shutil
    import subprocess

    if not shutil.which(name):
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.call([shutil.which(name), "-c", ""], **quiet) == 0


def missing_parts(root):
    """Which of the files that the set-up reads are not under `root`."""
    return [part for part in PARTS if not (root / part).exists()]


# ---------------------------------------------------------------- the commands


def parser():
    """The command line. Importing it here keeps what an old Python cannot read out of its way."""
    from workbook.course import options

    top = argparse.ArgumentParser(
        prog="course.py",
        description="The SLM Deployment Workbook: read, run, test and grade the course.",
        epilog="The first call makes an environment in .venv (about 2 GB, some minutes); "
        "every later one starts at once. `course.py COMMAND --help` explains a command.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in options.COMMANDS.items():
        command.add(
            commands.add_parser(
                name,
                help=command.summary,
                description=command.text,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return top


def inside(setup, arguments, folder=None):
    """Go on inside the environment, in place of this process where the system can do that."""
    python = str(setup.python)
    env = dict(os.environ, VIRTUAL_ENV=str(setup.venv))
    # nbgrader and lessons call programs of the environment by name
    env["PATH"] = str(setup.python.parent) + os.pathsep + env.get("PATH", "")
    env.pop("PYTHONHOME", None)
    if folder:
        os.chdir(str(folder))
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execve(python, [python, *arguments], env)
    import subprocess

    child = subprocess.Popen([python, *arguments], env=env)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child heard it too, and ends in its own way


def dispatch(argv):
    """Do what the command line asks; returns the exit status."""
    from workbook.course.setup import STEPS, TEST_STEPS, Setup

    argv, pytest_arguments = split_at_dashes(argv)
    setup = Setup(ROOT, STEPS)
    if argv[:1] == ["grade"] and not (argv[1:] in (["-h"], ["--help"]) and setup.pending()):
        setup.ready()
        return inside(setup, ["-P", "-m", "workbook.course.grade", *argv[1:]])

    args = parser().parse_args(argv)
    if pytest_arguments and args.command != "test":
        raise CannotStart("Only `test` takes arguments after `--`: leave them out.")
    if args.command == "doctor":
        from workbook.course import environment

        return environment.doctor(setup.venv, as_json=args.json)
    if args.command == "clean":
        from workbook.course import clean

        return clean.main(setup, everything=args.all, agreed=args.yes)
    if args.command == "test":
        setup = Setup(ROOT, TEST_STEPS)
        setup.ready()
        quick = ["-m", "not slow"] if args.quick else []
        # Two files of tests side by side: many tests wait. `-- -n 0` runs one after the other.
        two = ["-n", "2", "--dist", "loadfile"]
        return inside(setup, ["-m", "pytest", *two, *quick, *pytest_arguments], folder=ROOT)
    setup.ready()
    return inside(setup, ["-P", "-m", "workbook.course." + args.command, *argv[1:]])


def split_at_dashes(argv):
    """The arguments before `--` and those behind it."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def main(argv):
    """Run a command; errors that a person can put right are one sentence and status 2."""
    import signal

    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        command = argv[0] if argv and not argv[0].startswith("-") else "lab"
        problem = python_problem(sys.version_info, command, starts)
        # doctor says it too, as one of its lines, where this Python can run it at all
        if problem and (command != "doctor" or sys.version_info[:2] < OLDEST):
            raise CannotStart(problem)
        missing = missing_parts(ROOT)
        if missing:
            raise CannotStart(
                "This folder is not a whole checkout of the course: {} missing; get the "
                "repository again, and keep course.py inside it.".format(
                    ", ".join(missing) + (" is" if len(missing) == 1 else " are")
                )
            )
        from workbook.errors import CourseError

        try:
            return dispatch(argv)
        except CourseError as error:
            raise CannotStart(str(error)) from None
    except CannotStart as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("course.py: interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

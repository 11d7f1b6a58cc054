"""The student version of the labs, made from solutions/ by nbgrader.

    python -m workbook.course.labs generate    write labs/ anew
    python -m workbook.course.labs check       say what in labs/ differs from what solutions/ gives
    python -m workbook.course.labs exam LAB PRIVATE FOLDER
                                               write FOLDER/LAB, with what PRIVATE/LAB changes

solutions/labNN/labNN.ipynb is the only source of a lab.
"""

import argparse
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workbook import paths
from workbook.errors import CourseError

ERROR_LINE = re.compile(r"[A-Za-z_.]+(Error|Exception|Entry|Interrupt|NoSuchKernel)\b")
IGNORED = shutil.ignore_patterns(".*", "__pycache__")


def names(solutions: Path = paths.SOLUTIONS) -> list[str]:
    """The labs that there are, in order. Raises CourseError if there is none."""
    found = sorted(folder.name for folder in solutions.glob("lab*") if folder.is_dir())
    if not found:
        raise CourseError(f"There is no lab in {solutions}: restore the folder first.")
    return found


def generate(solutions: Path = paths.SOLUTIONS, labs: Path = paths.LABS) -> list[str]:
    """Make every lab's student version anew; what was in `labs` before is replaced.

    Returns the names of the labs. Raises CourseError when nbgrader refuses a source; `labs` is
    then left as it was.
    """
    made = names(solutions)
    with tempfile.TemporaryDirectory(prefix="workbook-labs-") as work:
        released = release(solutions, Path(work))
        labs.mkdir(exist_ok=True)
        for old in labs.glob("lab*"):
            shutil.rmtree(old)
        for lab in made:
            shutil.copytree(released / lab, labs / lab)
    return made


def exam(lab: str, overlay: Path, to: Path, solutions: Path = paths.SOLUTIONS) -> list[str]:
    """Make the student version of one lab with a private overlay, in the new folder `to`/`lab`.

    Returns what the overlay changed. Raises CourseError when there is no such lab or the folder
    is there already, when the overlay does not fit, and when nbgrader refuses the source.
    """
    from workbook.course.grading import labwork  # which imports this module

    if lab not in names(solutions):
        raise CourseError(f"There is no lab {lab!r}: choose one of {', '.join(names(solutions))}.")
    if (to / lab).exists():
        raise CourseError(f"{to / lab} is there already: remove it, or give another folder.")
    with tempfile.TemporaryDirectory(prefix="workbook-labs-") as work:
        source = Path(work) / "in" / lab
        shutil.copytree(solutions / lab, source, ignore=IGNORED)
        changed = labwork.lay_over(source, lab, overlay)
        released = release(source.parent, Path(work) / "out")
        shutil.copytree(released / lab, to / lab)
    return changed


def check(solutions: Path = paths.SOLUTIONS, labs: Path = paths.LABS) -> list[str]:
    """What in `labs` is not, byte for byte, what `solutions` gives: one sentence a file.

    Raises CourseError when nbgrader refuses a source.
    """
    with tempfile.TemporaryDirectory(prefix="workbook-labs-") as work:
        released = release(solutions, Path(work))
        fresh, there = _files(released), _files(labs)
        found = [f"{name} is missing from {labs.name}/." for name in sorted(fresh - there)]
        found += [f"{name} is not made from {solutions.name}/." for name in sorted(there - fresh)]
        for name in sorted(fresh & there):
            if not filecmp.cmp(released / name, labs / name, shallow=False):
                found.append(f"{name} differs from what {solutions.name}/ gives.")
    return found


def _files(folder: Path) -> set[str]:
    """The files of the labs in a folder, without hidden ones, relative to it."""
    files = (path.relative_to(folder) for path in folder.glob("lab*/**/*") if path.is_file())
    return {path.as_posix() for path in files if not any(p.startswith(".") for p in path.parts)}


def release(solutions: Path, work: Path) -> Path:
    """Let nbgrader make the student versions under `work`; returns their folder.

    nbgrader deletes the old version before it looks at the new one, so it never works in the
    checkout. Raises CourseError when it refuses a source.
    """
    shutil.copytree(solutions, work / "solutions", ignore=IGNORED)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process
        for _ in pool.map(lambda lab: _run_nbgrader(lab, work), names(work / "solutions")):
            pass  # raises what that lab raised
    return work / "labs"


def _run_nbgrader(lab: str, course: Path) -> None:
    command = [
        *(sys.executable, "-m", "nbgrader", "generate_assignment", lab, "--force", "--no-db"),
        f"--CourseDirectory.root={course}",
        "--CourseDirectory.source_directory=solutions",
        "--CourseDirectory.release_directory=labs",
        "--log-level=INFO",
    ]
    done = subprocess.run(
        command, cwd=course, env=environment(), capture_output=True, text=True, check=False
    )
    log = paths.LOGS / f"{lab}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode or not (course / "labs" / lab / f"{lab}.ipynb").exists():
        raise CourseError(
            f"nbgrader could not make {lab} from {lab}.ipynb ({reason(done.stderr)}): correct the "
            f"cell that it names; its whole output is in {log}."
        )


def reason(log: str) -> str:
    """What nbgrader's log gives as the cause: the last line of its first traceback, else its
    first error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR_LINE.match(line) and "NbGraderException" not in line]
    said = [line.split("] ", 1)[-1] for line in lines if "ERROR" in line]
    return (errors or said or lines or ["no message"])[0]


def environment() -> dict[str, str]:
    """The variables for a process that calls nbgrader.

    nbgrader calls programs of its environment by name, so that is first on PATH.
    """
    here = str(Path(sys.executable).parent)
    path = here + os.pathsep + os.environ.get("PATH", "")
    return os.environ | {"PATH": path, "JUPYTER_PLATFORM_DIRS": "1", "PYTHONIOENCODING": "utf-8"}


def main(argv: list[str] | None = None) -> int:
    """The command line above. The exit status of check is 1 when something differs."""
    parser = argparse.ArgumentParser(
        prog="python -m workbook.course.labs",
        description="Make labs/ from solutions/ with nbgrader, or check that it is made so.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("generate", help="write labs/ anew")
    actions.add_parser("check", help="say what in labs/ differs from what solutions/ gives")
    private = actions.add_parser("exam", help="write the student version of one lab, with an "
                                 "overlay's changes")  # fmt: skip
    private.add_argument("lab")
    private.add_argument("overlay", type=Path, help="the folder with the private tests")
    private.add_argument("to", type=Path, help="the folder in which the lab's folder is made")
    args = parser.parse_args(argv)
    try:
        if args.action == "exam":
            changed = exam(args.lab, args.overlay, args.to)
            print(f"Made {args.to / args.lab}, with {', '.join(changed) or 'nothing'} changed.")
            return 0
        if args.action == "generate":
            print(f"Made {', '.join(generate())} in {paths.LABS.name}/.")
            return 0
        differences = check()
    except CourseError as error:
        print(f"labs: {error}", file=sys.stderr)
        return 2
    for sentence in differences:
        print(sentence)
    if differences:
        print("Run `python -m workbook.course.labs generate`, and edit only solutions/.")
    else:
        print("Every lab is as solutions/ makes it.")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())

"""Finds what a class has handed in: folders, a zip, or files as learning platforms export them.

Nothing outside the given folder is ever read: links are refused, and a zip whose entries leave
its folder is refused as a whole.
"""

import csv
import io
import re
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from workbook.course.grading.model import Submission, Ungradable
from workbook.course.grading.restore import MOST_BYTES
from workbook.errors import CourseError

MOODLE = r"(?P<student>.+?)_\d+_assignsubmission_file_?(?P<file>.*)"
CANVAS = r"(?P<student>[^_]+)(?:_LATE)?_\d+_\d+_(?P<file>.+)"
PATTERNS = (MOODLE, CANVAS)
"""How Moodle and Canvas name the files, or folders, of an assignment's submissions."""

LAB = re.compile(r"lab\d{2}(?!\d)|capstone")
ZIP_FILES, ZIP_BYTES = 20_000, 2 * 2**30
FILES, FILE_BYTES = 50, 5 * 2**20
"""The most files that go with a notebook, and their bytes in all."""


def find(folder: Path, pattern: str = "", lab: str = "") -> list[Submission]:
    """The submissions in a folder, by student and lab. What lies elsewhere: see `misplaced`.

    First STUDENT/labNN/ is looked for; where there is none, files and folders named as Moodle or
    Canvas name them, or as `pattern` says (a regular expression with a group `student`, and
    perhaps `lab`); lab: for names that do not say which lab it is.

    Raises CourseError when the folder is not there or holds nothing that looks like one.
    """
    if not folder.is_dir():
        raise CourseError(
            f"There is no folder {folder}: give the one that holds STUDENT/labNN/labNN.ipynb."
        )
    found = [] if pattern else _by_folders(folder)
    found = found or _by_names(folder, pattern, lab)
    if not found:
        raise CourseError(
            f"Nothing in {folder} looks like a submission: it must hold a folder for each "
            "student, with labNN/labNN.ipynb inside, or files as Moodle and Canvas name them "
            "(--pattern and --lab say what other names mean)."
        )
    return found


def _by_folders(folder: Path) -> list[Submission]:
    found = []
    for place in sorted([*folder.glob("*/lab*"), *folder.glob("*/capstone")]):
        if place.parent.name.startswith(".") or not (place.is_dir() or place.is_symlink()):
            continue
        student = place.parent.name
        if place.is_symlink() or place.parent.is_symlink():
            found.append(Submission(student, place.name, None, _link(place.name)))
        else:
            found.append(_take(student, place.name, place))
    return found


def _take(student: str, lab: str, place: Path) -> Submission:
    file = _notebook(place, lab)
    if file is not None and file.is_symlink():
        return Submission(student, lab, None, _link(file.name))
    return Submission(student, lab, file)


def _link(name: str) -> str:
    return f"{name} is a link to another place, and links are not followed: hand in the file."


def _notebook(place: Path, lab: str) -> Path | None:
    """The lab's notebook in a student's folder: by name, else the only one, else the only zip."""
    named = place / f"{lab}.ipynb"
    if named.is_file() or named.is_symlink():
        return named
    for kind in ("*.ipynb", "*.zip"):
        others = [path for path in place.glob(kind) if path.is_file() or path.is_symlink()]
        if others:
            return others[0] if len(others) == 1 else None
    return None


def _by_names(folder: Path, pattern: str, lab: str) -> list[Submission]:
    found: dict[tuple[str, str], Submission] = {}
    for path in sorted(folder.iterdir()):
        for expression in (pattern,) if pattern else PATTERNS:
            match = re.fullmatch(expression, path.name)
            if match:
                one = _named(path, match, lab)
                if one:
                    found[one.student, one.lab] = one  # the last attempt, by its name
                break
    return list(found.values())


def _named(path: Path, match: re.Match, lab: str) -> Submission | None:
    student, groups = match["student"].strip(), match.groupdict()
    if path.is_dir() and not path.is_symlink():
        files = sorted(path.glob("*.ipynb")) or sorted(path.glob("*.zip"))
        if not files:
            return Submission(student, lab, None) if lab else None
        path = files[0]
    elif path.suffix not in (".ipynb", ".zip"):
        return None
    said = groups.get("lab") or (LAB.search(path.name) or [lab])[0]
    if not said:
        return None
    if path.is_symlink():
        return Submission(student, said, None, _link(path.name))
    return Submission(student, said, path)


def misplaced(folder: Path, found: list[Submission]) -> list[Path]:
    """The notebooks in a folder that belong to none of the submissions found in it."""
    places = {folder / one.student / one.lab for one in found}
    taken = {one.notebook for one in found}
    notebooks = (p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts)
    return [
        path.relative_to(folder)
        for path in notebooks
        if path.parent not in places and path not in taken
    ]


# ---------------------------------------------------------------- zips


def unpack(file: Path, to: Path) -> Path:
    """Extract a class's zip into a new folder `to`, and return the folder that holds the
    submissions: one folder that holds all the rest is left out.

    Raises CourseError for a file that is no zip, and for a zip with links, with names that leave
    the folder, or too much in it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            problem = _unsafe(archive, ZIP_FILES, ZIP_BYTES)
            if problem:
                raise CourseError(f"{file.name} is refused: {problem}.")
            archive.extractall(to)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise CourseError(f"{file.name} could not be read as a zip ({error}).") from None
    inside = [path for path in to.iterdir() if path.name != "__MACOSX"]
    one = inside[0] if len(inside) == 1 and inside[0].is_dir() else None
    return one if one and not list(to.glob("*/lab*")) else to


def _unsafe(archive: zipfile.ZipFile, files: int, most: int) -> str:
    """Why a zip must not be extracted; empty when it may."""
    entries = archive.infolist()
    if len(entries) > files:
        return f"it has {len(entries)} entries, and {files} are the most"
    if sum(entry.file_size for entry in entries) > most:
        return f"it would be more than {most / 1e6:.0f} MB"
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ":" in name.split("/")[0] or ".." in PurePosixPath(name).parts:
            return f"its entry {entry.filename!r} leaves the folder"
        if stat.S_ISLNK(entry.external_attr >> 16):
            return f"its entry {entry.filename!r} is a link"
    return ""


# ---------------------------------------------------------------- contents


@dataclass(frozen=True)
class Content:
    """A submission's notebook and the files beside it, by their names there."""

    name: str
    notebook: bytes
    files: dict[str, bytes] = field(default_factory=dict)


def load(submission: Submission) -> Content:
    """What is in a submission. Raises Ungradable with the reason when nothing can be taken."""
    if submission.problem:
        raise Ungradable(submission.problem)
    file, lab = submission.notebook, submission.lab
    if file is None:
        raise Ungradable(f"There is no {lab}.ipynb in the folder {submission.student}/{lab}.")
    if file.suffix == ".zip":
        return _from_zip(file, lab)
    if not stat.S_ISREG(file.lstat().st_mode):
        raise Ungradable(_link(file.name))
    if file.stat().st_size > 10 * MOST_BYTES:
        raise Ungradable(
            f"{file.name} has {file.stat().st_size / 1e6:.0f} MB, and {MOST_BYTES / 1e6:.0f} are "
            "the most: clear its outputs in JupyterLab and hand it in again."
        )
    return Content(file.name, file.read_bytes(), _beside(file, lab))


def _beside(notebook: Path, lab: str) -> dict[str, bytes]:
    """Small files beside a notebook that lies in a folder of its own."""
    found: dict[str, bytes] = {}
    if notebook.parent.name != lab:
        return found
    room = FILE_BYTES
    for path in sorted(notebook.parent.rglob("*")):
        name = path.relative_to(notebook.parent).as_posix()
        if path.is_symlink() or not path.is_file() or name.startswith(".") or "/." in name:
            continue
        inside = any(parent.is_symlink() for parent in path.relative_to(notebook.parent).parents)
        size = path.stat().st_size
        if inside or path.suffix == ".ipynb" or size > room or len(found) >= FILES:
            continue
        room -= size
        found[name] = path.read_bytes()
    return found


def _from_zip(file: Path, lab: str) -> Content:
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            problem = _unsafe(archive, FILES * 4, 10 * MOST_BYTES)
            if problem:
                raise Ungradable(f"{file.name} is refused: {problem}.")
            names = [n for n in archive.namelist() if n.endswith(".ipynb") and "__MACOSX" not in n]
            named = [n for n in names if PurePosixPath(n).name == f"{lab}.ipynb"] or names
            if len(named) != 1:
                raise Ungradable(f"There is no {lab}.ipynb in {file.name}.")
            return Content(PurePosixPath(named[0]).name, archive.read(named[0]))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise Ungradable(f"{file.name} could not be read as a zip ({error}).") from None


# ---------------------------------------------------------------- the roster


@dataclass(frozen=True)
class Person:
    """A student on the roster. id: the name that the submissions use; the rest may be empty."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""


COLUMNS = {
    "id": "id student student_id username user_name login",
    "first_name": "first_name first firstname given_name",
    "last_name": "last_name last lastname surname family_name",
    "email": "email email_address e-mail mail",
    "canvas_id": "canvas_id canvas_user_id lms_user_id",
    "sis_user_id": "sis_user_id id_number idnumber",
    "sis_login_id": "sis_login_id",
    "section": "section group",
}
"""What a roster's columns may be called, in any case and with spaces."""


def roster(file: Path) -> dict[str, Person]:
    """The students of a roster, by id. Raises CourseError when it cannot be read, has no column
    `id`, or names somebody twice."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"The roster {file} cannot be read ({error}).") from None
    rows = list(csv.DictReader(io.StringIO(text)))
    heads = {_head(name): name for name in (rows[0] if rows else {})}
    columns = {
        key: next((heads[name] for name in names.split() if name in heads), None)
        for key, names in COLUMNS.items()
    }
    if not columns["id"]:
        raise CourseError(
            f"The roster {file} needs a line with names of columns, one of them `id`: the name of "
            "the student's folder (others: first_name, last_name, email, canvas_id, section)."
        )
    people: dict[str, Person] = {}
    for row in rows:
        values = {key: (row.get(name) or "").strip() for key, name in columns.items() if name}
        person = Person(**values)
        if person.id in people:
            raise CourseError(f"The roster {file} has {person.id!r} twice: leave one of them.")
        if person.id:
            people[person.id] = person
    return people


def _head(name: str) -> str:
    return (name or "").strip().lower().replace(" ", "_")


def match(found: list[Submission], people: dict[str, Person]) -> list[Submission]:
    """The submissions under the ids of the roster: a folder may be called by the id, the e-mail
    address, or the full name in either order."""
    known: dict[str, str] = {}
    for person in people.values():
        first, last = person.first_name, person.last_name
        for name in (person.id, person.email, f"{first} {last}", f"{last} {first}",
                     f"{last}, {first}", f"{last}{first}", person.canvas_id):  # fmt: skip
            if name.strip(" ,"):
                known.setdefault(name.casefold(), person.id)
    return [
        Submission(known.get(s.student.casefold(), s.student), s.lab, s.notebook, s.problem)
        for s in found
    ]

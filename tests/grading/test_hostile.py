"""The hostile bank: every submission gets its documented result and harms nothing."""

import hashlib
import os
import time
import zipfile
from pathlib import Path

import bank
import nbformat
import psutil
import pytest

from workbook import paths
from workbook.course import grade
from workbook.course.grading import boxes
from workbook.evaluate import sandbox

pytestmark = pytest.mark.slow
LIMITS = boxes.Limits(cell=5, total=30, memory=2**29, disk=2**24, processes=48)


CLASS = 200

ORDINARY = (
    (6, bank.book()),
    (3, bank.book(second="def f2():\n    return 7")),
    (6, bank.book(extra="import warnings\n\nwarnings.warn('a noisy notebook')")),
    (0, bank.book("raise NotImplementedError()", "raise NotImplementedError()")),
)
"""(points, notebook) of students who mean no harm."""


@pytest.fixture(scope="module")
def solutions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("solutions")
    for lab in (bank.LAB, bank.OTHER):
        (folder / lab).mkdir()
        nbformat.write(bank.book(lab=lab), folder / lab / f"{lab}.ipynb")
    return folder


def _checkout() -> dict[str, str]:
    parts = [paths.ROOT / part for part in ("workbook", "labs", "solutions", "compose")]
    files = [file for part in parts for file in part.rglob("*") if file.is_file()]
    files = [file for file in files if "__pycache__" not in file.parts]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _strangers() -> set[int]:
    found = set()
    for process in psutil.process_iter(["uids"]):
        if process.info["uids"] and process.info["uids"].real >= 2**30:
            found.add(process.pid)
    return found


@pytest.fixture(scope="module")
def graded(solutions, tmp_path_factory):
    """A class of CLASS with the whole bank in it: the others must not suffer."""
    if sandbox.missing("bwrap"):
        reason = f"bubblewrap does not work here: {sandbox.missing('bwrap')}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    folder, out = tmp_path_factory.mktemp("in"), tmp_path_factory.mktemp("out")
    for name, case in bank.CASES.items():
        _hand_in(folder / name, case.data)
    for number in range(CLASS - len(bank.CASES) - 2):  # the last two are below
        points, book = ORDINARY[number % len(ORDINARY)]
        # names that fall between those of the bank: they are graded in this order
        name = f"{'abcdefghijklmnopqrstuvwxyz'[number % 26]}_ordinary_{points}_{number}"
        _hand_in(folder / name, bank.Case(book, points).data)
    (folder / "linked" / bank.LAB).mkdir(parents=True)
    (folder / "linked" / bank.LAB / f"{bank.LAB}.ipynb").symlink_to("/etc/passwd")
    (folder / "zipped" / bank.LAB).mkdir(parents=True)
    with zipfile.ZipFile(folder / "zipped" / bank.LAB / "work.zip", "w") as archive:
        archive.writestr(f"../{bank.LAB}.ipynb", "{}")
    before = _checkout()
    found = grade.grade_all(
        grade.find(folder), out, solutions=solutions, workers=2, limits=LIMITS, by="bwrap",
        tell=lambda line: None,
    )  # fmt: skip
    assert _checkout() == before
    return {one.student: one for one in found}, out


def _hand_in(place: Path, data: bytes) -> None:
    (place / bank.LAB).mkdir(parents=True)
    (place / bank.LAB / f"{bank.LAB}.ipynb").write_bytes(data)


@pytest.mark.parametrize("name", bank.CASES)
def test_a_hostile_submission_gets_its_documented_result(graded, name):
    found, case = graded[0][name], bank.CASES[name]
    said = [found.reason, *(cell.message for cell in found.cells)]
    if (found.points, found.graded) == (case.harmless, True):
        return
    assert (found.points, found.graded) == (case.points, case.graded), (said, found.flags)
    assert any(case.says in one for one in said), said
    assert not case.flag or any(case.flag in one for one in found.flags), found.flags
    assert found.graded or (found.reason and "\n" not in found.reason)


def test_the_others_of_a_class_of_two_hundred_do_not_suffer(graded):
    assert len(graded[0]) == CLASS
    found = {name: one for name, one in graded[0].items() if "_ordinary_" in name}
    assert len(found) > 100 and {tuple(one.flags) for one in found.values()} == {()}
    for name, one in found.items():
        assert one.points == int(name.split("_")[2]), (name, one.reason)


@pytest.mark.parametrize(
    ("name", "says"),
    [("linked", "links are not followed"), ("zipped", "leaves the folder")],
)
def test_what_leaves_the_folder_is_not_read(graded, name, says):
    assert graded[0][name].points == 0 and says in graded[0][name].reason


def test_nothing_is_left_running(graded):
    left = _strangers()
    for _ in range(300):  # another grading on this machine has strangers of its own, for a while
        if not left:
            return
        time.sleep(0.1)
        left &= _strangers()
    assert not left


def test_every_page_and_table_is_there(graded):
    grades, out = graded
    assert all((out / one.feedback).stat().st_size for one in grades.values())
    assert len((out / "grades.csv").read_text(encoding="utf-8").splitlines()) > len(bank.CASES)
    largest = max((out / one.feedback).stat().st_size for one in grades.values())
    assert largest < 3 * 2**20

"""Grading on a Dask cluster gives what grading here gives."""

import bank
import nbformat
import pytest

from workbook.course import grade
from workbook.errors import CourseError

pytestmark = pytest.mark.slow


@pytest.fixture
def folders(tmp_path):
    lab = tmp_path / "solutions" / bank.LAB
    lab.mkdir(parents=True)
    nbformat.write(bank.book(), lab / f"{bank.LAB}.ipynb")
    wrong = bank.book(second="def f2():\n    return 7")
    for name, book in {"ana": bank.book(), "bo": wrong, "cy": wrong, "di": bank.book()}.items():
        place = tmp_path / "in" / name / bank.LAB
        place.mkdir(parents=True)
        nbformat.write(book, place / f"{bank.LAB}.ipynb")
    dead = bank.CASES["os_exit"].data
    (tmp_path / "in" / "bo" / bank.LAB / f"{bank.LAB}.ipynb").write_bytes(dead)
    return tmp_path


def _grade(folders, out, **options):
    return grade.grade_all(
        grade.find(folders / "in"), folders / out, solutions=folders / "solutions", **options
    )


def test_a_cluster_gives_the_same_grades(folders, capsys):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://",
        dashboard_address=None, host="127.0.0.1",
    ) as cluster:  # fmt: skip
        there = _grade(folders, "there", scheduler=cluster.scheduler_address)
    assert "Dask cluster tcp://127.0.0.1" in capsys.readouterr().out
    here = _grade(folders, "here")
    assert there == here
    assert [one.points for one in here] == [6, 0, 3, 6]
    for one in here:
        pages = [(folders / out / one.feedback).read_text("utf-8") for out in ("here", "there")]
        assert pages[0] == pages[1]


def test_no_scheduler_is_one_sentence(folders):
    pytest.importorskip("distributed")
    with pytest.raises(CourseError, match=r"scheduler tcp://127\.0\.0\.1:9 cannot be reached"):
        _grade(folders, "out", scheduler="tcp://127.0.0.1:9")

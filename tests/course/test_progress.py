"""`workbook check` and the table of what is solved."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from workbook import cli, paths
from workbook.course import progress
from workbook.errors import CourseError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "LABS", tmp_path / "labs")
    (tmp_path / "labs" / "lab90").mkdir(parents=True)
    _save(tmp_path / "labs", "def f():\n    return 1", "raise NotImplementedError()")
    return tmp_path / "labs"


def _test(number, source):
    said = {"grade_id": f"exercise_{number}_test", "grade": True, "locked": True, "points": 3}
    said |= {"solution": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": said})


def _save(folder, first, second):
    mistake = "from workbook.course.checks import Mistake\n"
    cells = [
        new_code_cell(first),
        _test(1, mistake + "if f() != 1:\n    raise Mistake('f() is not 1')"),
        new_code_cell(second),
        _test(2, "assert g() == 2, 'not 2'"),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "lab90" / "lab90.ipynb")


@pytest.mark.slow
def test_check_says_what_is_solved_and_remembers(folder, capsys):
    assert progress.table().rows[0]["last checked"] == "never"
    assert cli.main(["check", "lab90"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "OK    exercise_1_test",
        "TO DO exercise_2_test: NameError: name 'g' is not defined",
        "lab90: 1 of 2 public tests passed. Grading runs more tests.",
    ]
    assert progress.table().rows[0]["solved"] == "1 of 2 exercises"
    assert progress.table().rows[0]["to do"] == "2"

    _save(folder, "def f():\n    return 5", "def g():\n    return 2")
    assert [one.message for one in progress.check("lab90")] == ["f() is not 1", ""]
    _save(folder, "def f():\n    return 1", "def g():\n    return 2")
    assert cli.main(["check", "lab90"]) == 0
    assert progress.table().rows[0]["to do"] == "nothing"
    assert json.loads((paths.BUILD / "progress.json").read_text())["lab90"]["exercises"] == {
        "exercise_1": True,
        "exercise_2": True,
    }


@pytest.mark.slow
def test_a_dead_kernel_is_said(folder):
    _save(folder, "def f():\n    return 1", "import os\nos._exit(1)")
    said = [one.message for one in progress.check("lab90")]
    assert said == ["", "was not reached: the Python process died"]


def test_the_table_is_shown_without_a_lab(folder, capsys):
    assert cli.main(["check"]) == 0
    assert "0 of 2 exercises" in capsys.readouterr().out
    assert "<table>" in progress.table()._repr_html_()


def test_what_cannot_be_checked_is_one_sentence(folder, capsys):
    assert cli.main(["check", "lab77"]) == 2
    said = capsys.readouterr().err
    assert "There is no lab 'lab77' in labs/: choose one of lab90." in said
    (folder / "lab90" / "lab90.ipynb").write_text("{")
    with pytest.raises(CourseError, match=r"lab90\.ipynb is not a notebook"):
        progress.check("lab90")


def test_a_broken_file_is_begun_anew(folder, capsys):
    paths.BUILD.mkdir()
    (paths.BUILD / "progress.json").write_text("{")
    assert progress.table().rows[0]["last checked"] == "never"
    assert "is begun anew" in capsys.readouterr().err

"""What a class hands in, as folders, zips and platforms' exports."""

import stat
import zipfile

import pytest

from workbook.course.grading import submissions
from workbook.course.grading.model import Submission, Ungradable
from workbook.errors import CourseError


def _files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def _found(folder, **options):
    return [(one.student, one.lab, one.notebook and one.notebook.name)
            for one in submissions.find(folder, **options)]  # fmt: skip


def test_moodle_names_files_and_folders(tmp_path):
    _files(
        tmp_path,
        "Ana Ngô_2345_assignsubmission_file_lab04.ipynb",
        "Bo Roth_2346_assignsubmission_file/lab04.ipynb",
        "readme.txt",
    )
    assert _found(tmp_path) == [
        ("Ana Ngô", "lab04", "Ana Ngô_2345_assignsubmission_file_lab04.ipynb"),
        ("Bo Roth", "lab04", "lab04.ipynb"),
    ]


def test_canvas_names_late_and_second_attempts(tmp_path):
    _files(tmp_path, "ngoana_123_456_lab04.ipynb", "rothbo_LATE_124_457_lab04-2.ipynb")
    assert [found[:2] for found in _found(tmp_path)] == [("ngoana", "lab04"), ("rothbo", "lab04")]


def test_other_names_by_a_pattern_and_a_lab(tmp_path):
    _files(tmp_path, "hw1-ana.ipynb", "hw1-bo.ipynb")
    with pytest.raises(CourseError, match="--pattern and --lab"):
        submissions.find(tmp_path)
    found = _found(tmp_path, pattern=r"hw1-(?P<student>\w+)\.ipynb", lab="lab01")
    assert found == [("ana", "lab01", "hw1-ana.ipynb"), ("bo", "lab01", "hw1-bo.ipynb")]


def test_a_class_zip_is_extracted(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("hand-in/ana/lab04/lab04.ipynb", "{}")
        archive.writestr("hand-in/bo/lab04/lab04.ipynb", "{}")
    folder = submissions.unpack(tmp_path / "class.zip", tmp_path / "to")
    assert [found[0] for found in _found(folder)] == ["ana", "bo"]


def _bad_zip(file, kind):
    with zipfile.ZipFile(file, "w") as archive:
        if kind == "link":
            entry = zipfile.ZipInfo("ana/lab04/lab04.ipynb")
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
        else:
            archive.writestr(kind, "{}")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("link", "is refused: its entry 'ana/lab04/lab04.ipynb' is a link."),
        ("../lab04.ipynb", "is refused: its entry '../lab04.ipynb' leaves the folder."),
        ("/etc/x.ipynb", "is refused: its entry '/etc/x.ipynb' leaves the folder."),
        ("a/../../x.ipynb", "is refused: its entry 'a/../../x.ipynb' leaves the folder."),
        ("C:/x.ipynb", "is refused: its entry 'C:/x.ipynb' leaves the folder."),
    ],
)
def test_a_zip_that_leaves_its_folder_is_refused(tmp_path, kind, sentence):
    _bad_zip(tmp_path / "class.zip", kind)
    with pytest.raises(CourseError) as caught:
        submissions.unpack(tmp_path / "class.zip", tmp_path / "to")
    assert str(caught.value) == f"class.zip {sentence}"
    assert not (tmp_path / "to").exists()


def test_a_zip_that_is_too_much_or_none_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "ZIP_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"0" * 5000)
    with pytest.raises(CourseError, match="it would be more than 0 MB"):
        submissions.unpack(tmp_path / "bomb.zip", tmp_path / "to")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(CourseError, match="could not be read as a zip"):
        submissions.unpack(tmp_path / "text.zip", tmp_path / "to")


def test_a_student_may_hand_in_a_zip(tmp_path):
    place = tmp_path / "ana" / "lab04"
    place.mkdir(parents=True)
    with zipfile.ZipFile(place / "work.zip", "w") as archive:
        archive.writestr("lab04.ipynb", "the notebook")
    assert submissions.load(submissions.find(tmp_path)[0]).notebook == b"the notebook"
    _bad_zip(place / "work.zip", "../lab04.ipynb")
    with pytest.raises(Ungradable, match="leaves the folder"):
        submissions.load(submissions.find(tmp_path)[0])


def test_links_are_refused(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text("{}")
    place = tmp_path / "in" / "ana" / "lab04"
    place.mkdir(parents=True)
    (place / "lab04.ipynb").symlink_to(secret)
    (tmp_path / "in" / "bo").mkdir()
    (tmp_path / "in" / "bo" / "lab04").symlink_to(place)
    for one in submissions.find(tmp_path / "in"):
        with pytest.raises(Ungradable, match="links are not followed"):
            submissions.load(one)


def test_small_files_beside_a_notebook_come_along(tmp_path):
    _files(tmp_path, "ana/lab04/lab04.ipynb", "ana/lab04/compose.yaml", "ana/lab04/.hidden")
    (tmp_path / "ana/lab04/link.txt").symlink_to("/etc/hostname")
    assert list(submissions.load(submissions.find(tmp_path)[0]).files) == ["compose.yaml"]


def test_a_roster_needs_an_id_and_each_once(tmp_path):
    file = tmp_path / "class.csv"
    file.write_text("name\nAna\n")
    with pytest.raises(CourseError, match="one of them `id`"):
        submissions.roster(file)
    file.write_text("id\nana\nana\n")
    with pytest.raises(CourseError, match="has 'ana' twice"):
        submissions.roster(file)
    with pytest.raises(CourseError, match="cannot be read"):
        submissions.roster(tmp_path / "none.csv")


def test_names_are_matched_to_the_roster(tmp_path):
    people = {"u1": submissions.Person("u1", "Ana", "Ngô", "a@x.org")}
    for name in ("u1", "A@X.org", "Ana Ngô", "Ngô Ana", "ngôana"):
        assert submissions.match([Submission(name, "lab04", None)], people)[0].student == "u1"
    assert submissions.match([Submission("eve", "lab04", None)], people)[0].student == "eve"

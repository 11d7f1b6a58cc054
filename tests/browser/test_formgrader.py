"""nbgrader in JupyterLab, with this course's layout: Formgrader for instructors, Validate for
students. Everything lies in a folder of the test, also the gradebook."""

import os
import re
import shutil
import sys

import nbformat
import pytest

from workbook import paths
from workbook.course import grade
from workbook.course.grading import boxes, restore

LAB = "lab01"
SERVE = (
    "import sys; from pathlib import Path; from workbook.course import lab; "
    "lab.serve(Path(sys.argv[1]), None, browser=False)"
)
NOISE = "import sys\nprint('a warning', file=sys.stderr)\n"


def solved() -> nbformat.NotebookNode:
    """The student's notebook with every answer, one of which writes to stderr."""
    book = nbformat.read(paths.LABS / LAB / f"{LAB}.ipynb", as_version=4)
    source = nbformat.read(paths.SOLUTIONS / LAB / f"{LAB}.ipynb", as_version=4)
    answers = {restore.name_of(c): c.source for c in source.cells if restore.is_answer(c)}
    for cell in book.cells:
        cell.source = answers.get(restore.name_of(cell), cell.source)
    first = next(cell for cell in book.cells if restore.is_answer(cell))
    first.source = NOISE + first.source
    return book


def grade_class(course):
    """Grade ana, who handed in the empty lab, and bo, who handed in the solution."""
    found = grade.find(course / "class")
    out = course / "build" / "grades"
    grades = grade.grade_all(found, out, by=boxes.NONE, tell=lambda line: None)
    return {one.student: one for one in grades}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout in small, with a class that is graded."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(paths.ROOT / "nbgrader_config.py", course)
    for kind in (paths.SOLUTIONS, paths.LABS):
        shutil.copytree(kind / LAB, course / kind.name / LAB)
    for student in ("ana", "bo"):
        (course / "class" / student / LAB).mkdir(parents=True)
    shutil.copy(paths.LABS / LAB / f"{LAB}.ipynb", course / "class" / "ana" / LAB)
    nbformat.write(solved(), course / "class" / "bo" / LAB / f"{LAB}.ipynb")
    nbformat.write(solved(), course / "labs" / LAB / "solved.ipynb")
    grades = grade_class(course)
    assert (grades["ana"].points, grades["bo"].points) == (0, grades["bo"].max)
    return course


@pytest.fixture(scope="module")
def address(course, served, tmp_path_factory):
    """JupyterLab, started from another folder than the course's."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    variables = os.environ | {"PYTHONPATH": str(paths.ROOT)}
    command = [sys.executable, "-c", SERVE, str(course)]
    with served(command, cwd=elsewhere, env=variables) as address:
        yield address


@pytest.fixture
def page(browser, address):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.mark.slow
def test_formgrader_shows_submissions_and_takes_points(course, address, page):
    page.goto(address)
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader").click()
    inside = page.frame_locator("iframe")
    row = inside.locator("tr", has_text=LAB)
    row.wait_for()
    assert re.search(r"\b2\b", row.inner_text().split("draft")[1]), "two submissions"

    inside.get_by_text("Manual Grading", exact=True).first.click()
    inside.locator("td a", has_text=LAB).click()
    inside.locator("td a", has_text=LAB).click()
    inside.locator("a", has_text="Submission #2").wait_for()
    most = f"{grade_class(course)['bo'].max:g}"
    assert inside.locator("tr", has_text=f"{most} / {most}").count() == 1
    # they come in no order that says who they are
    inside.locator("tr", has_text=f"\t0 / {most}").locator("a", has_text="Submission").click()
    # the points of the tests are there once the page's script has asked for them
    box = inside.locator('input.score[placeholder="0"]').first
    box.fill("2")
    with page.expect_response(lambda one: "/formgrader/api/grade/" in one.url) as saved:
        box.press("Tab")
    assert saved.value.ok
    ana = grade_class(course)["ana"]
    assert (ana.points, ana.manual) == (2, "changed by hand")
    assert f"ana,{LAB},2,{most},2" in (course / "build/grades/grades.csv").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "says"),
    [("solved", "Success! Your notebook passes all the tests."), (LAB, "not answered yet")],
)
def test_validate_answers_for_a_lab(address, page, name, says):
    page.goto(re.sub(r"/lab\b[^?]*", f"/lab/tree/labs/{LAB}/{name}.ipynb", address) + "&reset")
    page.get_by_text(re.compile(r"\| Idle$")).wait_for()
    page.get_by_text("Validate", exact=True).last.click()
    page.locator(".jp-Dialog", has_text="Validation Results").wait_for()
    said = page.locator(".jp-Dialog").inner_text()
    assert says in said
    assert "checks/__init__.py" not in said.split("NotImplementedError:")[-1]

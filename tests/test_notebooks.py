"""The notebooks: what they must be, and that every cell of them runs."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbook import paths
from workbook.course import notebooks

ALL = (*notebooks.lessons(), *notebooks.solutions(), *notebooks.labs())


def test_there_are_lessons_solutions_and_labs():
    assert len(notebooks.lessons()) >= 3
    assert [p.name for p in notebooks.solutions()] == [p.name for p in notebooks.labs()]


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(paths.ROOT)))
def test_a_notebook_is_as_it_should_be(path):
    assert notebooks.problems(path) == []


def good():
    """A small lesson without a problem."""
    cells = [
        new_markdown_cell("# Title\n\n| | |\n| --- | --- |\n| Time | 5 minutes |", id="title"),
        new_code_cell("MODEL = ''", id="p", metadata={"tags": ["parameters"]}, execution_count=1),
        new_markdown_cell("## Part\n\n[the other file](other.md) ![A red dot](dot.png)", id="part"),
        new_code_cell("print(1)", id="c", execution_count=2),
    ]
    return new_notebook(cells=cells)


def wrong_ids(nb):
    nb.cells[1].id = nb.cells[0].id


def no_parameters(nb):
    nb.cells[1].metadata.tags = []


def two_titles(nb):
    nb.cells[2].source = "# Another title"


def skipped_level(nb):
    nb.cells[2].source = "### Too deep"


def long_cell(nb):
    nb.cells[3].source = "\n".join(f"x = {i}" for i in range(notebooks.LONGEST_CELL + 1))


def shell(nb):
    nb.cells[3].source = "x = 1\n  !ls"


def assigned_shell(nb):
    nb.cells[3].source = "files = !ls"


def ipython(nb):
    nb.cells[3].source = "get_ipython().system('ls')"


def title_second(nb):
    nb.cells[0].source = "## Part\n\n# Title"


def magic(nb):
    nb.cells[3].source = "%matplotlib inline"


def install(nb):
    nb.cells[3].source = "subprocess.run(['python', '-m', 'pip install x'])"


def path_edit(nb):
    nb.cells[3].source = "import sys\nsys.path.append('..')"


def absolute(nb):
    nb.cells[3].source = "open('/home/me/file')"


def absolute_output(nb):
    nb.cells[3].outputs = [new_output("stream", text="saved in /Users/me/course\n")]


def error(nb):
    nb.cells[3].outputs = [new_output("error", ename="ValueError", evalue="x", traceback=[])]


def stderr(nb):
    nb.cells[3].outputs = [new_output("stream", name="stderr", text="a warning")]


def no_alternative(nb):
    nb.cells[2].source = "## Part\n\n![](dot.png)"


def html_picture(nb):
    nb.cells[2].source = "## Part\n\n<img src='dot.png'>"


def click_here(nb):
    nb.cells[2].source = "## Part\n\nclick [here](other.md)"


def dead_link(nb):
    nb.cells[2].source = "## Part\n\n[the missing file](missing.md)"


def order(nb):
    nb.cells[3].execution_count = 7


def time(nb):
    nb.cells[0].source = nb.cells[0].source.replace("5 minutes", "90 minutes")


def no_time(nb):
    nb.cells[0].source = "# Title"


SPOILERS = [
    (wrong_ids, "cell ids"),
    (no_parameters, "no cell has the tag `parameters`"),
    (two_titles, "one heading of level 1"),
    (skipped_level, "a heading of level 3 follows one of level 1"),
    (long_cell, "16 lines of code"),
    (shell, "a shell escape or a magic"),
    (assigned_shell, "a shell escape or a magic"),
    (ipython, "a shell escape or a magic"),
    (title_second, "one heading of level 1"),
    (magic, "a shell escape or a magic"),
    (install, "installs a package"),
    (path_edit, "changes sys.path"),
    (absolute, "an absolute path in the code"),
    (absolute_output, "an absolute path in the output"),
    (error, "a stored error, ValueError"),
    (stderr, "stored text on stderr"),
    (no_alternative, "has no alternative text"),
    (html_picture, "an <img> tag"),
    (click_here, "does not say where other.md leads"),
    (dead_link, "missing.md leads nowhere"),
    (order, "one run from top to bottom"),
    (time, "states 90 minutes; computed from its length: 5"),
    (no_time, "does not state the time"),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "other.md").touch()
    (tmp_path / "dot.png").touch()
    return tmp_path


def test_a_good_lesson_has_no_problem(folder):
    lesson = good()
    lesson.cells[2].source += "\n\n```\n# a comment in a code block\n```"
    lesson.cells[3].source = "x = not 1 != 2\ny = 5 % 3"
    nbformat.write(lesson, folder / "lesson.ipynb")
    assert notebooks.problems(folder / "lesson.ipynb") == []


@pytest.mark.parametrize("spoil, expected", SPOILERS, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
def test_a_bad_lesson_is_named(folder, monkeypatch, spoil, expected):
    notebook = good()
    spoil(notebook)
    # nbformat would mend or refuse duplicate ids itself: the check must see the file as it is
    monkeypatch.setattr(notebooks.nbformat, "read", lambda *_, **__: notebook)
    monkeypatch.setattr(notebooks.nbformat, "validate", lambda _: None)
    found = notebooks.problems(folder / "lesson.ipynb")
    assert any(expected in problem for problem in found), found


def test_a_solution_may_not_carry_outputs(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "other.md").touch()
    (tmp_path / "solutions" / "dot.png").touch()
    nbformat.write(good(), tmp_path / "solutions" / "lab.ipynb")
    found = notebooks.problems(tmp_path / "solutions" / "lab.ipynb")
    assert found == ["labs and solutions are stored without outputs"]


@pytest.mark.slow
@pytest.mark.timeout(2700)  # all notebooks, one after the other
def test_every_lesson_and_every_solution_runs():
    """The gate: papermill executes all of them, as `python3 course.py run` does."""
    done = subprocess.run(
        [sys.executable, "-m", "workbook.course.run", "--keep-going"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    ran = [p.relative_to(paths.ROOT) for p in (*notebooks.lessons(), *notebooks.solutions())]
    assert all((paths.REPORT / path).exists() for path in ran)


@pytest.mark.slow
def test_deterministic_cells_give_their_stored_outputs():
    """nbval compares the outputs of the cells marked NBVAL_CHECK_OUTPUT."""
    marked = [p for p in notebooks.lessons() if "NBVAL_CHECK_OUTPUT" in p.read_text("utf-8")]
    assert marked
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax"]
    command += ["--nbval-cell-timeout", "600", *map(str, marked)]
    done = subprocess.run(
        command,
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_progress_bars_are_not_stored_and_streams_are_joined():
    bar = new_output("display_data", {"text/plain": "q:  10%|#    | 1/9 [00:00<00:01, 9.00it/s]"})
    parts = [new_output("stream", text="a\n"), bar, new_output("stream", text="b\n")]
    assert [o.text for o in notebooks._joined(parts)] == ["a\nb\n"]


def test_the_command_says_what_is_wrong_and_knows_the_names(monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "problems", lambda path: ["is too short"])
    assert notebooks.main(["check", "00_start"]) == 1
    assert "00_start_here.ipynb: is too short" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        notebooks.main(["refresh", "no such lesson"])
    assert "no notebook's name contains" in capsys.readouterr().err

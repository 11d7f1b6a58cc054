"""course.py run: notebooks are executed, judged, cleared up behind, and reported."""

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbook.course import execute, processes, report, run
from workbook.errors import CourseError

PARAMETERS = 'MODEL = ""\nPLACE = ""'
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
RUN = """
import sys
from pathlib import Path
from workbook.course import run
sys.exit(run.main(sys.argv[2:], root=Path(sys.argv[1])))
"""


def write(root, path, *cells, parameters=PARAMETERS):
    notebook = new_notebook(
        metadata={"kernelspec": {"name": "elsewhere", "display_name": "x", "language": "python"}}
    )
    notebook.cells.append(new_markdown_cell("# A title"))
    if parameters is not None:
        notebook.cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    notebook.cells += [new_code_cell(cell) for cell in cells]
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)
    return file


def start(root, *args, **more):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(root), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )


def run_all(root, *args):
    child = start(root, *args)
    said, _ = child.communicate(timeout=300)
    return child.returncode, said, read_result(root)


def read_result(root):
    file = root / "build" / "report" / "result.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def by_path(result):
    return {notebook["path"]: notebook for notebook in result["notebooks"]}


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def grandchild(pid_file):
    """A cell that starts a server which tries to escape: its own session, deaf to SIGTERM."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    return (
        "import subprocess, sys\n"
        f"server = subprocess.Popen([sys.executable, '-c', {code!r}], start_new_session=True)\n"
        f"open({str(pid_file)!r}, 'w').write(str(server.pid))"
    )


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


# ---------------------------------------------------------------- which notebooks


def test_lessons_come_before_solutions_and_patterns_choose(tmp_path):
    for path in ("solutions/lab01/lab01.ipynb", "notebooks/01_b.ipynb", "notebooks/00_a.ipynb"):
        write(tmp_path, path)
    write(tmp_path, "notebooks/deeper/no.ipynb")
    every = [path.as_posix() for path in run.find(tmp_path, [])]
    assert every == ["notebooks/00_a.ipynb", "notebooks/01_b.ipynb", "solutions/lab01/lab01.ipynb"]
    assert [path.name for path in run.find(tmp_path, ["lab01", "*/00*"])] == [
        "00_a.ipynb",
        "lab01.ipynb",
    ]
    with pytest.raises(CourseError, match=r"'99'.*notebooks/00_a\.ipynb"):
        run.find(tmp_path, ["99"])


def test_nothing_to_run_is_an_error(tmp_path):
    with pytest.raises(CourseError, match="no notebook"):
        run.find(tmp_path, [])


# ---------------------------------------------------------------- parameters


def test_a_lesson_without_a_parameters_cell_is_refused(tmp_path):
    lesson = write(tmp_path, "notebooks/00.ipynb", parameters=None)
    with pytest.raises(CourseError, match=r"00\.ipynb has no parameters cell"):
        execute.choose_parameters(lesson, {"MODEL": "pocket"}, required=True)


def test_a_solution_without_a_parameters_cell_is_given_none(tmp_path):
    solution = write(tmp_path, "solutions/lab01/lab01.ipynb", parameters=None)
    assert execute.choose_parameters(solution, {"MODEL": "pocket"}, required=False) == {}


def test_an_unknown_parameter_is_refused(tmp_path):
    lesson = write(tmp_path, "notebooks/00.ipynb", parameters='MODEL = ""')
    assert execute.choose_parameters(lesson, {"MODEL": "x"}, required=True) == {"MODEL": "x"}
    with pytest.raises(CourseError, match=r"knows no parameter PLACE: .* sets MODEL"):
        execute.choose_parameters(lesson, {"MODEL": "x", "PLACE": "attached"}, required=True)


# ---------------------------------------------------------------- every way to end


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One run over notebooks that end in every way; (exit status, output, result, folder)."""
    root = tmp_path_factory.mktemp("mixed")
    write(
        root,
        "notebooks/00_good.ipynb",
        "import os, sys\nprint('kernel', sys.executable)\nprint('folder', os.getcwd())",
        "print('given', repr(MODEL), repr(PLACE))",
        grandchild(root / "server.pid"),
    )
    write(root, "notebooks/01_raises.ipynb", "1", "raise ValueError('a <b> of 3')", "2")
    write(root, "notebooks/02_magic.ipynb", "%no_such_magic\nraise SystemError")
    write(root, "notebooks/03_dies.ipynb", "import os\nos._exit(0)")
    write(root, "notebooks/04_lasts.ipynb", "import time\ntime.sleep(600)")
    write(root, "notebooks/05_knows_less.ipynb", "1", parameters="OTHER = 1")
    (root / "notebooks/06_broken.ipynb").write_text("not JSON", encoding="utf-8")
    write(root, "solutions/lab01/lab01.ipynb", "print('solved')", parameters=None)
    arguments = ["--keep-going", "--jobs", "2", "--timeout", "25", "--model", "pocket"]
    return *run_all(root, *arguments), root


@pytest.mark.slow
def test_exit_status_and_words(mixed):
    status, said, result, _ = mixed
    assert status == 1
    assert result["passed"] is False
    assert "OK      notebooks/00_good.ipynb" in said
    assert "FAIL    notebooks/01_raises.ipynb" in said
    assert "code cell 3: ValueError: a <b> of 3" in said
    assert "2 passed, 6 failed" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_good_notebook_passes_on_this_python_in_its_own_folder(mixed):
    *_, result, root = mixed
    good = by_path(result)["notebooks/00_good.ipynb"]
    assert (good["status"], good["cells_done"], good["cells"]) == ("passed", 4, 4)
    page = (root / "build/report" / good["page"]).read_text(encoding="utf-8")
    executed = nbformat.read(root / "build/report" / good["executed"], as_version=4)
    outputs = [out for cell in executed.cells for out in cell.get("outputs", [])]
    printed = "".join(out.text for out in outputs if out.output_type == "stream")
    assert f"kernel {sys.executable}\n" in printed
    assert f"folder {root / 'notebooks'}\n" in printed
    assert "given 'pocket' ''" in printed
    assert "given" in page


@pytest.mark.slow
def test_the_original_stays_as_it_was(mixed):
    root = mixed[-1]
    original = nbformat.read(root / "notebooks/00_good.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in original.cells)
    assert sorted(path.name for path in (root / "notebooks").iterdir())[0] == "00_good.ipynb"
    assert len(list((root / "notebooks").iterdir())) == 7


@pytest.mark.slow
def test_what_a_good_notebook_leaves_running_is_ended_and_told(mixed):
    _, said, result, root = mixed
    assert not is_running(int((root / "server.pid").read_text()))
    assert len(by_path(result)["notebooks/00_good.ipynb"]["left"]) == 1
    assert "It left running" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ename", "evalue", "cell", "done"),
    [
        ("01_raises", "ValueError", "a <b> of 3", 3, 2),
        ("02_magic", "CellExecutionError", "no_such_magic", 2, 1),
        ("03_dies", "DeadKernelError", "the kernel died", 2, 1),
        ("04_lasts", "Timeout", "after 25.0 s", 2, 1),
        ("05_knows_less", "CourseError", "knows no parameter MODEL", None, 0),
        ("06_broken", "Unreadable", "is not a notebook", None, 0),
    ],
)
def test_each_failure_says_what_and_where(mixed, name, ename, evalue, cell, done):
    failed = by_path(mixed[2])[f"notebooks/{name}.ipynb"]
    assert failed["status"] == "failed"
    assert failed["error"]["ename"] == ename
    assert evalue in failed["error"]["evalue"]
    assert failed["error"]["cell"] == cell
    assert failed["cells_done"] == done


@pytest.mark.slow
def test_a_traceback_is_kept_without_colour_codes(mixed):
    error = by_path(mixed[2])["notebooks/01_raises.ipynb"]["error"]
    assert error["traceback"][-1] == "ValueError: a <b> of 3"
    assert error["source"] == "raise ValueError('a <b> of 3')"
    assert "\x1b" not in "".join(error["traceback"])


@pytest.mark.slow
def test_a_solution_needs_no_parameters(mixed):
    assert by_path(mixed[2])["solutions/lab01/lab01.ipynb"]["status"] == "passed"


class Links(HTMLParser):
    """What a page points to, and what it loads."""

    def __init__(self):
        super().__init__()
        self.links, self.loaded = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value)
            elif name in ("src", "href"):
                self.loaded.append(value)


@pytest.mark.slow
def test_the_page_is_self_contained_and_its_links_lead_somewhere(mixed):
    root = mixed[-1]
    text = (root / "build/report/index.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert links.loaded == []
    assert len(links.links) > 10
    for link in links.links:
        assert (root / "build/report" / link).is_file(), link
    assert "a &lt;b&gt; of 3" in text
    assert ">FAIL</span>" in text
    assert ">OK</span>" in text
    assert str(root) not in text


def test_a_page_shows_what_a_widget_falls_back_to(tmp_path):
    kind = "application/vnd.jupyter.widget-{}+json"
    view = {kind.format("view"): {"model_id": "gone"}}
    outputs = [
        new_output("display_data", {**view, "text/html": "<i>a fold</i>", "text/plain": "plain"}),
        new_output("display_data", {**view, "text/plain": "a list"}),
    ]
    notebook = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    notebook.metadata.widgets = {kind.format("state"): {"state": {"gone": {}}}}
    nbformat.write(notebook, tmp_path / "a.ipynb")
    execute.write_page(tmp_path / "a.ipynb", tmp_path / "a.html", tmp_path)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<i>a fold</i>" in page
    assert "a list" in page
    assert "gone" not in page
    kept = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    assert kept.cells[0].outputs == outputs


@pytest.mark.slow
def test_the_result_says_with_what_it_ran(mixed):
    result = mixed[2]
    assert result["options"] == {"MODEL": "pocket"}
    assert result["versions"]["papermill"]
    assert result["machine"]["Python"].startswith("3.")
    assert "commit" in result


# ---------------------------------------------------------------- stopping


@pytest.mark.slow
def test_the_first_failure_ends_the_run_and_what_runs_beside_it(tmp_path):
    pid_file = tmp_path / "server.pid"
    waiting = f"import os, time\nwhile not os.path.exists({str(pid_file)!r}): time.sleep(0.1)"
    write(
        tmp_path,
        "notebooks/00_lasts.ipynb",
        grandchild(pid_file),
        "time = __import__('time')\ntime.sleep(600)",
    )
    write(tmp_path, "notebooks/01_fails.ipynb", waiting, "raise KeyError('x')")
    write(tmp_path, "notebooks/02_never.ipynb", "1")
    status, said, result = run_all(tmp_path, "--jobs", "2")
    assert status == 1
    assert [n["status"] for n in result["notebooks"]] == ["stopped", "failed", "not run"]
    assert "1 failed, 1 stopped, 1 not run" in said
    assert not is_running(int(pid_file.read_text()))


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_that_was_started(tmp_path, number):
    pid_file = tmp_path / "server.pid"
    write(tmp_path, "notebooks/00.ipynb", grandchild(pid_file), "import time\ntime.sleep(600)")
    write(tmp_path, "notebooks/01.ipynb")
    child = start(tmp_path)
    wait_for(lambda: pid_file.exists() and pid_file.read_text())
    server = int(pid_file.read_text())
    tree = psutil.Process(child.pid).children(recursive=True)
    assert is_running(server)
    assert len(tree) >= 2, "the notebook's process and its kernel should be there"
    child.send_signal(number)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert not is_running(server)
    assert not [process for process in tree if process.is_running()]
    assert [n["status"] for n in read_result(tmp_path)["notebooks"]] == ["stopped", "not run"]
    assert "Traceback" not in said


@POSIX
@pytest.mark.slow
def test_nothing_survives_a_run_that_is_killed(tmp_path):
    pid_file = tmp_path / "server.pid"
    write(tmp_path, "notebooks/00.ipynb", grandchild(pid_file), "import time\ntime.sleep(600)")
    child = start(tmp_path)
    wait_for(lambda: pid_file.exists() and pid_file.read_text())
    tree = psutil.Process(child.pid).children(recursive=True)
    child.kill()
    child.wait()
    wait_for(lambda: not [process for process in tree if is_running(process.pid)])
    assert not is_running(int(pid_file.read_text()))


def test_end_marked_ends_only_those_that_carry_the_mark():
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    ours = subprocess.Popen(sleep, env={**os.environ, processes.MARK: "this-test"})
    other = subprocess.Popen(sleep, env={**os.environ, processes.MARK: "another"})
    try:
        assert len(processes.end_marked("this-test")) == 1
        assert ours.poll() is not None
        assert other.poll() is None
        assert processes.end_marked("this-test") == []
    finally:
        ours.kill()
        other.kill()
        ours.wait()
        other.wait()


# ---------------------------------------------------------------- the report


def test_a_run_passes_only_if_everything_passed():
    def make(*statuses, interrupted=False):
        results = [report.Result(f"{n}.ipynb", status) for n, status in enumerate(statuses)]
        return report.Run(results, None, 61.0, {}, interrupted)

    assert make(report.PASSED, report.PASSED).passed
    assert not make(report.PASSED, report.FAILED).passed
    assert not make(report.PASSED, report.NOT_RUN).passed
    assert not make(report.PASSED, interrupted=True).passed
    assert make(report.PASSED, report.FAILED).summary == "1 passed, 1 failed in 1 min 01 s"


def test_a_failure_reads_as_one_line():
    assert str(report.Failure("ValueError", "x", cell=3)) == "code cell 3: ValueError: x"
    assert str(report.Failure("KeyboardInterrupt", "", cell=1)) == "code cell 1: KeyboardInterrupt"
    assert str(report.Failure("CourseError", "Do this.")) == "Do this."


def test_two_runs_at_once_take_turns(tmp_path):
    write(tmp_path, "notebooks/00.ipynb")
    lock = tmp_path / "build" / "run.lock"
    with run.only_one(lock, print):
        child = start(tmp_path, "--only", "00")
        line = child.stdout.readline()
        assert f"process {os.getpid()}) is running the notebooks" in line
        assert not Path(tmp_path / "build/report").exists()
        child.terminate()
        child.communicate(timeout=60)
    assert child.returncode == 130

"""course.py and the set-up behind it: help, errors, stamps, resuming, the lock, torch."""

import copy
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from workbook import environments, paths
from workbook.course import clean, lab, options
from workbook.course.setup import STEPS, TEST_STEPS, Setup, Step
from workbook.errors import CourseError

COURSE = paths.ROOT / "course.py"
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and links as on POSIX")


def load_course():
    spec = importlib.util.spec_from_file_location("course_under_test", COURSE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


course = load_course()


def front_door(*args, root=paths.ROOT, **more):
    return subprocess.run(
        [sys.executable, str(root / "course.py"), *args],
        capture_output=True,
        text=True,
        timeout=120,
        **more,
    )


@pytest.fixture
def checkout(tmp_path):
    """A small copy of what the set-up reads; not a whole course."""
    root = tmp_path / "checkout"
    (root / "workbook" / "course").mkdir(parents=True)
    for part in [*course.PARTS, "course.py", "workbook/errors.py", "workbook/paths.py"]:
        shutil.copy(paths.ROOT / part, root / part)
    for file in (paths.ROOT / "workbook").glob("*.py"):
        shutil.copy(file, root / "workbook")
    for file in (paths.ROOT / "workbook" / "course").glob("*.py"):
        shutil.copy(file, root / "workbook" / "course")
    return root


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize("command", sorted(options.COMMANDS))
def test_every_command_has_help(command, checkout):
    done = front_door(command, "--help", root=checkout)
    assert done.returncode == 0, done.stderr
    assert f"course.py {command}" in done.stdout
    assert not (checkout / ".venv").exists(), "--help must not set anything up"


def test_help_names_every_command():
    done = front_door("--help")
    assert done.returncode == 0
    for command in ("lab", "run", "test", "grade", "doctor", "clean"):
        assert f"\n    {command} " in done.stdout


def test_arguments_behind_dashes_are_for_test_only():
    done = front_door("doctor", "--", "-x")
    assert done.returncode == 2
    assert "Only `test` takes arguments after `--`" in done.stderr


@pytest.mark.parametrize(
    "args", [["run", "--jobs", "0"], ["run", "--timeout", "-1"], ["lab", "--port", "70000"]]
)
def test_impossible_numbers_are_refused_before_any_set_up(args, checkout):
    done = front_door(*args, root=checkout)
    assert done.returncode == 2
    assert "wants a" in done.stderr
    assert not (checkout / ".venv").exists()


def test_an_incomplete_checkout_is_named(checkout):
    (checkout / "constraints.txt").unlink()
    (checkout / "requirements.txt").unlink()
    done = front_door("run", root=checkout)
    assert done.returncode == 2
    assert "requirements.txt, constraints.txt are missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_is_too_old_is_told_which_one_to_use():
    problem = course.python_problem((3, 10, 13), "run", lambda name: None)
    assert "this is Python 3.10.13" in problem
    assert "install Python 3.12 and run `python3.12 course.py run`" in problem


def test_a_python_that_is_too_new_is_pointed_to_one_that_is_here():
    here = {"python3.11": "/usr/bin/python3.11"}
    problem = course.python_problem((3, 14, 0), "lab", here.get)
    assert "3.11, 3.12 or 3.13" in problem
    assert "run `python3.11 course.py lab`" in problem


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_these_pythons_are_right(minor):
    assert course.python_problem((3, minor, 1), "run", lambda name: None) is None


def test_an_old_python_can_read_the_front_door():
    import ast

    ast.parse(COURSE.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.skipif(not shutil.which("python3.8"), reason="no Python 3.8 here")
def test_an_old_python_says_so_in_one_sentence():
    old = shutil.which("python3.8")
    if subprocess.run([old, "-c", ""], capture_output=True).returncode:
        pytest.skip("python3.8 is there by name only")
    done = subprocess.run([old, str(COURSE), "run"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("course.py: The course needs Python 3.11, 3.12 or 3.13")
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- steps and stamps


def note(name):
    """A step's action that writes down that it was done."""

    def action(work):
        with open(work.root / "done.txt", "a", encoding="utf-8") as file:
            file.write(name + "\n")

    return action


def done_steps(root):
    file = root / "done.txt"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def broken(work):
    raise KeyboardInterrupt


PYTHON = Step("python", "an environment", (), 0, Setup.make_venv)


@pytest.fixture(scope="module")
def bare_venv(tmp_path_factory):
    """An environment with pip and nothing else, made once; a test gets its own copy."""
    root = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", str(root / ".venv")], check=True)
    return root / ".venv"


@pytest.fixture
def small(tmp_path, bare_venv):
    """A folder with an environment that works and two files that steps depend on."""
    shutil.copytree(bare_venv, tmp_path / ".venv", symlinks=True)
    (tmp_path / "one.txt").write_text("1", encoding="utf-8")
    (tmp_path / "two.txt").write_text("2", encoding="utf-8")
    return tmp_path


def two_steps(first=None, second=None):
    return (
        Step("first", "the first", ("one.txt",), 0, first or note("first")),
        Step("second", "the second", ("two.txt",), 0, second or note("second")),
    )


def make(root, steps):
    out = io.StringIO()
    Setup(root, steps, out).ready()
    return out.getvalue()


def test_a_second_call_does_nothing_and_says_nothing(small):
    assert "Step 1 of 2" in make(small, two_steps())
    assert make(small, two_steps()) == ""
    assert done_steps(small) == ["first", "second"]


def test_an_interrupted_set_up_goes_on_with_the_step_it_was_in(small):
    with pytest.raises(KeyboardInterrupt):
        make(small, two_steps(second=broken))
    said = make(small, two_steps())
    assert done_steps(small) == ["first", "second"]
    assert "Step 2 of 2" in said
    assert "Step 1 of 2" not in said


def test_a_changed_file_repeats_its_step_and_those_after_it(small):
    make(small, two_steps())
    (small / "two.txt").write_text("changed", encoding="utf-8")
    make(small, two_steps())
    assert done_steps(small) == ["first", "second", "second"]
    (small / "one.txt").write_text("changed", encoding="utf-8")
    make(small, two_steps())
    assert done_steps(small) == ["first", "second", "second", "first", "second"]


def test_a_step_that_is_interrupted_again_loses_its_old_stamp(small):
    make(small, two_steps())
    (small / "two.txt").write_text("changed", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        make(small, two_steps(second=broken))
    (small / "two.txt").write_text("2", encoding="utf-8")  # back to what the old stamp was for
    assert [step.name for step in Setup(small, two_steps()).pending()] == ["second"]


def test_the_tests_have_a_stamp_of_their_own():
    assert TEST_STEPS[: len(STEPS)] == STEPS
    assert [step.name for step in TEST_STEPS[len(STEPS) :]] == ["tests"]
    files = {file for step in TEST_STEPS for file in step.files}
    assert files == {part for part in course.PARTS if "/" not in part}


@pytest.mark.slow
def test_an_environment_whose_python_is_gone_is_made_again(small):
    make(small, (PYTHON, *two_steps()))
    work = Setup(small, (PYTHON, *two_steps()))
    work.python.unlink()
    said = make(small, (PYTHON, *two_steps()))
    assert "making it again" in said
    assert done_steps(small) == ["first", "second"] * 2
    assert work.pending() == []


@pytest.mark.slow
def test_an_environment_that_was_moved_is_made_again(small):
    make(small, (PYTHON, *two_steps()))
    moved = small.parent / (small.name + "-moved")
    shutil.move(small, moved)
    try:
        assert "making it again" in make(moved, (PYTHON, *two_steps()))
        assert str(moved) in (moved / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8")
    finally:
        shutil.rmtree(moved)


@pytest.mark.slow
def test_a_half_made_environment_is_made_again(small):
    for pip in (small / ".venv").glob("[lL]ib/**/site-packages/pip"):
        shutil.rmtree(pip)
    assert "making it again" in make(small, (PYTHON,))


@pytest.mark.slow
def test_a_python_that_is_no_environment_any_more_is_not_installed_into(small):
    (small / ".venv" / "pyvenv.cfg").unlink()  # its python is now the system's
    assert "making it again" in make(small, (PYTHON,))
    assert (small / ".venv" / "pyvenv.cfg").exists()


def test_a_package_that_was_cut_off_is_forgotten(small):
    site = next((small / ".venv").glob("[lL]ib/**/site-packages"))
    (site / "whole-1.dist-info").mkdir()
    (site / "whole-1.dist-info" / "RECORD").write_text("", encoding="utf-8")
    (site / "cut-1.dist-info").mkdir()
    environments.drop_half_installed(small / ".venv")
    assert (site / "whole-1.dist-info").exists()
    assert not (site / "cut-1.dist-info").exists()


def test_a_full_disk_is_told_before_anything_is_done(small, monkeypatch):
    usage = shutil.disk_usage(small)._replace(free=10**9)
    monkeypatch.setattr(environments.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CourseError, match=r"needs 4\.0 GB .* and 1\.0 GB are free"):
        make(small, (Step("big", "a big one", (), 4e9, note("big")),))
    assert done_steps(small) == []


@pytest.mark.slow
def test_pip_installs_into_the_environment_and_its_failure_is_one_sentence(small):
    six = Step("six", "six", ("one.txt",), 0, lambda work: work.install("six==1.17.0"))
    said = make(small, (six,))
    assert "six 1.17.0" in said
    assert "1 package installed" in said
    python = Setup(small, (six,)).python
    subprocess.run([python, "-c", "import six"], check=True)
    assert "Successfully installed six" in (small / "build/logs/setup.log").read_text("utf-8")

    wrong = Step("wrong", "wrong", (), 0, lambda work: work.install("six==0.0.999"))
    with pytest.raises(CourseError, match=r"six==0\.0\.999.*build/logs/setup\.log"):
        make(small, (wrong,))


@pytest.mark.slow
def test_an_index_that_cannot_be_reached_is_named(small, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://name:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    step = Step("six", "six", (), 0, lambda work: work.install("six==1.17.0"))
    with pytest.raises(CourseError) as error:
        make(small, (step,))
    assert "The package index http://127.0.0.1:9/simple cannot be reached" in str(error.value)
    assert "secret" not in str(error.value)
    assert [step.name for step in Setup(small, (step,)).pending()] == ["six"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk became"),
        ("WARNING: Retrying ... Failed to establish a new connection: x", "cannot be reached"),
        ("ERROR: first\nERROR: No matching distribution found for x==1", "No matching distrib"),
        ("", "no reason given"),
    ],
)
def test_what_pip_says_becomes_one_sentence(output, said):
    assert said in environments.pip_problem(output, "build/logs/setup.log")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.6 MB)",
            ("package", "numpy 2.4.6  (16.6 MB)"),
        ),
        (
            "Processing /somewhere/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl (from -r x)",
            ("package", "torch 2.13.0+cpu"),
        ),
        (
            "Using cached six-1.17.0-py2.py3-none-any.whl (11 kB)",
            ("package", "six 1.17.0  (11 kB)"),
        ),
        ("Installing collected packages: a, b, c", ("wait", "installing 3 packages")),
        ("Successfully installed a-1 b-2", ("done", "2 packages installed")),
        ("  Downloading numpy-2.4.6-cp311-cp311-linux.whl.metadata (62 kB)", None),
        ("WARNING: Location 'file:///x/' is ignored: it is neither a file nor a directory.", None),
        ("Requirement already satisfied: six in ./x", None),
    ],
)
def test_only_lines_worth_reading_are_shown(line, shown):
    assert environments.condensed(line + "\n") == shown


# ---------------------------------------------------------------- one at a time


HOLD = """
import sys, time
from pathlib import Path
from workbook.environments import only_one
with only_one(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_waits_says_so_and_goes_on_when_the_holder_dies(tmp_path):
    lock = tmp_path / "build" / "setup.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    said, entered = [], threading.Event()

    def second():
        with environments.only_one(lock, said.append):
            entered.set()

    try:
        assert holder.stdout.readline() == "held\n"
        waiter = threading.Thread(target=second, daemon=True)
        waiter.start()
        assert not entered.wait(1.0), "two held the lock at once"
        assert said == [
            f"Another course.py (process {holder.pid}) is setting up the environment: "
            "waiting for it to finish."
        ]
    finally:
        holder.kill()
        holder.wait()
    assert entered.wait(20), "the lock of a dead process was not given back"


@POSIX
def test_a_lock_file_that_was_removed_meanwhile_guards_nothing(tmp_path):
    lock = tmp_path / "setup.lock"
    order = []

    def second():
        with environments.only_one(lock, order.append):
            order.append("second")
            assert lock.exists()

    with environments.only_one(lock, order.append):
        waiter = threading.Thread(target=second)
        waiter.start()
        deadline = time.monotonic() + 20
        while not order and time.monotonic() < deadline:
            time.sleep(0.05)
        lock.unlink()
    waiter.join(20)
    assert order[-1] == "second"


# ---------------------------------------------------------------- torch

CUDA = {  # the shape of pip's report for a wheel of the package index, shortened
    "version": "1",
    "pip_version": "25.3",
    "install": [
        {
            "download_info": {"url": "https://index.invalid/torch-2.13.0-cp311-cp311-linux.whl"},
            "is_direct": False,
            "requested": True,
            "metadata": {
                "metadata_version": "2.4",
                "name": "torch",
                "version": "2.13.0",
                "requires_dist": [
                    "filelock",
                    "typing-extensions>=4.10.0",
                    'cuda-bindings<14,>=13.0.3; platform_system == "Linux"',
                    'nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"',
                    'triton~=3.8.0; platform_system == "Linux" and python_version < "3.15"',
                    'optree>=0.13.0; extra == "optree"',
                ],
            },
        }
    ],
    "environment": {
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "sys_platform": "linux",
        "python_version": "3.11",
    },
}


def report(version="2.13.0", requires=None, system="Linux"):
    changed = copy.deepcopy(CUDA)
    changed["environment"]["platform_system"] = system
    changed["install"][0]["metadata"]["version"] = version
    if requires is not None:
        changed["install"][0]["metadata"]["requires_dist"] = requires
    return json.loads(json.dumps(changed))


def test_a_cuda_build_is_never_taken():
    assert not environments.torch_is_cpu(report())
    assert not environments.torch_is_cpu(report(version="2.13.0+cu130", requires=[]))


def test_the_plain_pin_is_taken_where_its_gpu_packages_are_for_another_system():
    assert environments.torch_is_cpu(report(system="Darwin"))
    assert environments.torch_is_cpu(report(system="Windows"))


def test_a_cpu_build_is_taken():
    assert environments.torch_is_cpu(report(version="2.13.0+cpu"))
    assert environments.torch_is_cpu(report(requires=["filelock", "sympy>=1.13.3"]))


def test_nothing_offered_is_no_cpu_build():
    assert not environments.torch_is_cpu({"install": [], "environment": {}})


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("", True),
        (' platform_system == "Linux"', True),
        (' platform_system != "Linux"', False),
        (' platform_system == "Linux" and platform_machine == "aarch64"', False),
        (" (sys_platform == 'linux') and python_version < '3.15'", True),
        (' extra == "cuda"', False),
        (' platform_system == "Darwin" or platform_machine == "x86_64"', True),
    ],
)
def test_markers(marker, holds):
    assert environments.marker_holds(marker, CUDA["environment"]) is holds


class Recorder(Setup):
    """A set-up that answers pip's question with a prepared report and notes what it installs."""

    def __init__(self, root, answer):
        super().__init__(root, (), io.StringIO())
        self.answer, self.calls = answer, []
        self.log.parent.mkdir(parents=True)

    def _pip(self, *args, quiet=False):
        if "--dry-run" not in args:
            self.calls.append(args)
        elif self.answer is None:
            raise environments.PipFailed("ERROR: No matching distribution found for torch==2.13.0")
        else:
            file = Path(args[args.index("--report") + 1])
            file.write_text(json.dumps(self.answer), encoding="utf-8")


@pytest.mark.parametrize(
    ("answer", "second_index"),
    [(report(), True), (None, True), (report(version="2.13.0+cpu"), False)],
)
def test_the_cpu_index_is_asked_for_torch_alone_and_only_when_needed(
    tmp_path, answer, second_index
):
    (tmp_path / "requirements-torch.txt").write_text("# why\ntorch==2.13.0\n", encoding="utf-8")
    work = Recorder(tmp_path, answer)
    work.install_torch()
    from_cpu_index = [call for call in work.calls if environments.TORCH_CPU_INDEX in call]
    assert bool(from_cpu_index) is second_index
    for call in from_cpu_index:
        assert call == ("--no-deps", "--index-url", environments.TORCH_CPU_INDEX, "torch==2.13.0")
    assert work.calls[-1] == ("-r", "requirements-torch.txt", "-c", "constraints.txt")


def test_a_torch_file_without_a_pin_is_an_error():
    with pytest.raises(CourseError, match="torch=="):
        environments.torch_pin("torch>=2\n")


# ---------------------------------------------------------------- clean


@pytest.fixture
def littered(tmp_path):
    generated = ("build/report/index.html", ".venv/bin/python", ".venv-vllm/bin/python")
    for file in (*generated, "notebooks/00.ipynb"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("x" * 1000, encoding="utf-8")
    return Setup(tmp_path, ())


def test_clean_removes_build_and_nothing_else(littered, capsys):
    assert clean.main(littered, everything=False, agreed=True) == 0
    assert not (littered.root / "build").exists()
    assert (littered.root / ".venv/bin/python").exists()
    assert (littered.root / ".venv-vllm/bin/python").exists()
    assert (littered.root / "notebooks/00.ipynb").exists()
    assert "build/  0.0 MB" in capsys.readouterr().out


def test_clean_all_removes_the_environments_too(littered):
    assert clean.main(littered, everything=True, agreed=True) == 0
    assert [path.name for path in littered.root.iterdir()] == ["notebooks"]


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("", 1), ("y", 0)])
def test_clean_asks(littered, monkeypatch, answer, status):
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert clean.main(littered, everything=False, agreed=False) == status
    assert (littered.root / "build").exists() == bool(status)


def test_clean_removes_nothing_when_nobody_can_be_asked(checkout):
    (checkout / "build").mkdir()
    done = front_door("clean", root=checkout, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert (checkout / "build").exists()


@POSIX
def test_clean_leaves_alone_what_build_points_to(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.txt").write_text("x", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "build").symlink_to(elsewhere)
    assert clean.main(Setup(root, ()), everything=False, agreed=True) == 0
    assert (elsewhere / "precious.txt").exists()
    assert not os.path.lexists(root / "build")


# ---------------------------------------------------------------- lab


def test_a_taken_port_is_an_error_of_one_sentence():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match=f"Port {port} cannot be used"):
            lab.choose_port(port)


LAB = """
import sys
from pathlib import Path
from workbook.course import lab
lab.serve(Path(sys.argv[1]), None, browser=False)
"""


@POSIX
@pytest.mark.slow
def test_lab_serves_this_machine_only_with_a_token_and_ends_at_ctrl_c(tmp_path):
    import re
    import signal
    import urllib.error
    import urllib.request

    (tmp_path / "notebooks").mkdir()
    shutil.copy(_empty_notebook(tmp_path), tmp_path / lab.FIRST)
    server = subprocess.Popen(
        [sys.executable, "-c", LAB, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        cwd=tmp_path,
    )
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = server.stdout.readline()
            assert line, f"JupyterLab ended: {said}"
            said += line
        base, token = re.search(
            r"(http://127\.0\.0\.1:\d+)/lab/tree/\S+\?token=(\w+)", said
        ).groups()
        answer = _ask(f"{base}/api/contents/{lab.FIRST}?token={token}&content=0")
        assert answer["name"] == "00_start_here.ipynb"
        news = "@jupyterlab/apputils-extension:notification"
        schema = _ask(f"{base}/lab/api/settings/{news}?token={token}")["schema"]["properties"]
        assert schema["fetchNews"]["default"] == "false"
        assert schema["checkForUpdates"]["default"] is False
        assert _ask(f"{base}/api/kernelspecs?token={token}")["default"] == "python3"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _ask(f"{base}/api/contents")
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()


def _ask(url):
    import urllib.request

    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def _empty_notebook(folder):
    import nbformat

    path = folder / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    return path


def test_the_file_of_system_packages_is_what_ci_reads():
    text = (paths.ROOT / "requirements-system.txt").read_text(encoding="utf-8")
    names = [line.split("#")[0].strip() for line in text.splitlines()]
    assert "chromium" in names
    ci = (paths.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "requirements-system.txt" in ci
    assert textwrap.dedent(ci).rstrip().endswith("exec python3 course.py test")

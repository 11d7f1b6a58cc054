"""Code from a model runs in a box: it can use little, see little, and change nothing."""

import errno
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from workbook import paths
from workbook.errors import CourseError
from workbook.evaluate import sandbox, seccomp
from workbook.evaluate.sandbox import Limits

BOXES = ("bwrap",)
needs_box = pytest.mark.usefixtures("box")


# ---------------------------------------------------------------- ordinary code


@needs_box
def test_code_runs_and_its_output_comes_back():
    outcome = sandbox.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (outcome.finished, outcome.status) == (True, 0)
    assert (outcome.stdout, outcome.stderr) == ("out\n", "err\n")
    assert outcome.why == ""


@needs_box
def test_tests_say_whether_code_is_right():
    code = "def double(n):\n    return n + n"
    assert sandbox.run(code, tests="assert double(4) == 8").finished
    wrong = sandbox.run(code, tests="assert double(4) == 9, 'double(4) is 8'")
    assert not wrong.finished
    assert wrong.why == "AssertionError: double(4) is 8"
    assert 'File "tests.py", line 1' in wrong.stderr


@needs_box
def test_code_that_is_not_python_says_so():
    outcome = sandbox.run("def f(:\n  pass")
    assert not outcome.finished
    assert outcome.why.startswith("SyntaxError")


@needs_box
def test_a_demonstration_does_not_run_beside_tests():
    code = "if __name__ == '__main__':\n    raise ValueError('a demonstration')"
    assert sandbox.run(code, tests="pass").finished
    assert "a demonstration" in sandbox.run(code).why


@needs_box
def test_input_is_empty_and_never_waited_for():
    assert sandbox.run("input()").why.startswith("EOFError")


@needs_box
def test_the_work_folder_is_new_each_time():
    code = "import os\nprint(os.listdir('.'))\nopen('left', 'w').write('x')"
    assert [sandbox.run(code).stdout for _ in range(2)] == ["[]\n", "[]\n"]


@needs_box
def test_two_boxes_at_once_do_not_share_their_process_count():
    code = (
        "import subprocess, time\n"
        "running = [subprocess.Popen(['/bin/sleep', '1']) for _ in range(20)]\n"
        "[child.wait() for child in running]"
    )
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(sandbox.run(code))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o.why for o in outcomes] == [""] * 3


# ---------------------------------------------------------------- attacks


ATTACKS = {
    "fork bomb": "import os\nwhile True:\n    os.fork()",
    "fork bomb that catches": (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    ),
    "threads": (
        "import threading, time\n"
        "while True:\n    threading.Thread(target=time.sleep, args=(99,)).start()"
    ),
    "10 GB at once": "x = bytearray(10 * 2**30)",
    "10 GB bit by bit": "x = []\nwhile True:\n    x.append(bytearray(2**20))",
    "memory in many processes": (
        "import os, time\n"
        "for _ in range(8):\n    if os.fork() == 0:\n        break\n"
        "x = bytearray(b'x' * 200 * 2**20)\ntime.sleep(60)"
    ),
    "memory that processes share": (
        "import mmap, os, time\n"
        "for _ in range(8):\n    if os.fork() == 0:\n        break\n"
        "x = mmap.mmap(-1, 200 * 2**20)\n"
        "for i in range(0, len(x), 4096):\n    x[i] = 1\n"
        "time.sleep(60)"
    ),
    "memory that belongs to no process": (
        "import os\n"
        "kept = [os.memfd_create('x') for _ in range(40)]\n"
        "for file in kept:\n    os.write(file, bytes(25 * 2**20))"
    ),
    "endless output": "while True:\n    print('x' * 4096)",
    "endless errors": "import sys\nwhile True:\n    sys.stderr.write('x' * 4096)",
    "endless loop": "while True:\n    pass",
    "endless loop that ignores the signal": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass"
    ),
    "sleep": "import time\ntime.sleep(1000)",
    "a full disk": ("n = 0\nwhile True:\n    n += 1\n    open(f'{n}', 'wb').write(bytes(2**20))"),
    "a large file": "f = open('x', 'wb')\nwhile True:\n    f.write(bytes(2**20))",
    "os._exit": "import os\nos._exit(0)",
    "sys.exit": "import sys\nsys.exit(0)",
    "kill everything": "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(1, 9)\nassert 0",
    "zip bomb": (
        "import io, zipfile\n"
        "made = io.BytesIO()\n"
        "with zipfile.ZipFile(made, 'w', zipfile.ZIP_DEFLATED) as z:\n"
        "    with z.open('zeros', 'w') as f:\n"
        "        for _ in range(400):\n            f.write(bytes(2**20))\n"
        "assert len(made.getvalue()) < 2**20\n"
        "zipfile.ZipFile(made).extractall()"
    ),
    "a deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "raised limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))\nprint('raised')"
    ),
}
TIGHT = Limits(cpu=1, wall=4, processes=16)


@needs_box
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_inside_its_limits(attack):
    before = psutil.virtual_memory().available
    outcome = sandbox.run(ATTACKS[attack], tests="pass", limits=TIGHT)
    assert not outcome.finished
    assert outcome.why
    assert outcome.seconds < TIGHT.wall + 2
    assert len(outcome.stdout) + len(outcome.stderr) <= TIGHT.output
    assert "raised" not in outcome.stdout
    assert before - psutil.virtual_memory().available < 4 * 2**30
    assert _boxes_left() == []


REFUSED = """
import ctypes, errno
call = ctypes.CDLL(None, use_errno=True).syscall
for name, number in NUMBERS.items():
    if call(number, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
        print(name, ctypes.get_errno())
"""


@needs_box
def test_system_calls_that_nobody_needs_are_refused():
    numbers = seccomp.numbers(platform.machine())
    outcome = sandbox.run(f"NUMBERS = {numbers}{REFUSED}", tests="pass")
    assert outcome.finished, outcome.why
    assert not outcome.stdout
    # an unknown call would be EPERM as well if all were refused
    outcome = sandbox.run("NUMBERS = {'no such call': 1000}" + REFUSED)
    assert outcome.stdout == f"no such call {errno.ENOSYS}\n"


def test_a_machine_without_known_numbers_has_no_filter():
    assert seccomp.program("riscv64") == b""
    assert all(len(seccomp.program(machine)) % 8 == 0 for machine in ("x86_64", "aarch64"))


@needs_box
def test_no_more_processes_than_the_limit():
    code = (
        "import os, time\n"
        "count = 0\n"
        "try:\n"
        "    while count < 200:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(60)\n"
        "        count += 1\n"
        "except BlockingIOError:\n"
        "    pass\n"
        "print(count)"
    )
    outcome = sandbox.run(code, limits=Limits(processes=16))
    assert outcome.finished
    assert 1 < int(outcome.stdout) <= 16


def _boxes_left() -> list[int]:
    """Processes of boxes that this process started."""
    deadline = time.monotonic() + 5
    while left := [p.pid for p in psutil.Process().children(recursive=True) if _is_box(p)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return left


def _is_box(process: psutil.Process) -> bool:
    try:
        return "bwrap" in process.name() or "tests" in "".join(process.cmdline()[4:])
    except psutil.Error:
        return False


@needs_box
def test_a_sleeping_child_dies_with_the_box():
    code = (
        "import subprocess\n"
        "child = subprocess.Popen(['/bin/sleep', '987'], start_new_session=True)\n"
        "print('started')"
    )
    outcome = sandbox.run(code, limits=Limits(wall=5))
    assert outcome.finished
    assert outcome.stdout == "started\n"
    assert outcome.seconds < 4
    time.sleep(0.2)
    assert not [p for p in psutil.process_iter() if _command(p) == ["/bin/sleep", "987"]]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@needs_box
def test_a_box_ends_when_the_program_that_built_it_is_killed():
    program = (
        "from workbook.evaluate import sandbox\n"
        'code = \'import subprocess; subprocess.run(["/bin/sleep", "986"])\'\n'
        "sandbox.run(code, limits=sandbox.Limits(wall=60))"
    )
    builder = subprocess.Popen([sys.executable, "-c", program], cwd=paths.ROOT)
    try:
        assert _soon(lambda: _sleepers("986"))
    finally:
        builder.kill()
        builder.wait()
    assert _soon(lambda: not _sleepers("986"))


def _sleepers(seconds: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if _command(p) == ["/bin/sleep", seconds]]


def _soon(condition, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@needs_box
def test_nothing_of_the_host_can_be_deleted(tmp_path):
    keep = tmp_path / "keep.txt"
    keep.write_text("here")
    keep.chmod(0o666)
    tmp_path.chmod(0o777)
    folders = ["/usr", "/etc", "/root", "/home", str(tmp_path), str(paths.ROOT), sys.base_prefix]
    code = (
        "import os, shutil\n"
        f"for folder in {folders}:\n"
        "    shutil.rmtree(folder, ignore_errors=True)\n"
        f"for file in ({str(keep)!r}, '/etc/hosts', {sys.executable!r}):\n"
        "    try:\n        os.remove(file)\n        print('removed', file)\n"
        "    except OSError:\n        pass\n"
    )
    outcome = sandbox.run(code, limits=Limits(wall=60, cpu=30))
    assert outcome.finished
    assert outcome.stdout == ""
    assert keep.read_text() == "here"
    assert Path(sys.executable).exists()
    assert (paths.ROOT / "pyproject.toml").exists()


@needs_box
def test_nothing_else_of_the_host_is_in_the_box():
    shown = sandbox.run("import os\nprint(*sorted(os.listdir('/')))").stdout.split()
    python = Path(sys.base_prefix).parts[1]
    system = {"bin", "etc", "lib", "lib32", "lib64", "usr", python}
    assert set(shown) - system == {"dev", "proc", "tmp", "work"}
    etc = "import os\nprint([os.path.join(a, f) for a, _, fs in os.walk('/etc') for f in fs])"
    assert sandbox.run(etc).stdout in ("[]\n", "['/etc/ld.so.cache']\n")


@needs_box
def test_only_the_work_folder_can_be_written():
    code = (
        "import os\n"
        "for top, folders, _ in os.walk('/'):\n"
        "    folders[:] = [] if top == '/proc' else folders\n"
        "    try:\n"
        "        open(os.path.join(top, 'written'), 'w').close()\n"
        "        print(top)\n"
        "    except OSError:\n        pass\n"
    )
    outcome = sandbox.run(code, limits=Limits(wall=60, cpu=30))
    assert outcome.finished
    assert outcome.stdout == "/work\n"


@needs_box
@pytest.mark.parametrize(
    "path",
    [
        paths.ROOT / "pyproject.toml",
        Path.home() / ".bashrc",
        Path("/etc/passwd"),
        Path("/etc/shadow"),
        Path("/etc/hostname"),
        Path("/var/log"),
        Path("/proc/1/environ"),
    ],
    ids=str,
)
def test_the_hosts_files_cannot_be_read(path):
    code = (
        "import os\n"
        f"path = {str(path)!r}\n"
        "print(os.listdir(path) if os.path.isdir(path) else open(path).read())"
    )
    outcome = sandbox.run(code)
    if path.is_relative_to("/proc"):  # its own first process, not the host's
        assert "SECRET" not in outcome.stdout
    else:
        assert "No such file" in outcome.why or "Permission denied" in outcome.why


@needs_box
def test_the_environment_stays_outside(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "SECRET-1")
    code = (
        "import glob, os\n"
        "print(dict(os.environ))\n"
        "for file in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):\n"
        "    try:\n        print(open(file, 'rb').read())\n"
        "    except OSError:\n        pass\n"
    )
    outcome = sandbox.run(code)
    assert outcome.finished
    assert "SECRET-1" not in outcome.stdout


@needs_box
def test_no_network_not_even_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)"
        assert "Connection refused" in sandbox.run(code).why
    code = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=2)"
    assert "Network is unreachable" in sandbox.run(code).why
    code = "import socket\nprint([name for _, name in socket.if_nameindex()])"
    assert sandbox.run(code).stdout == "['lo']\n"


@needs_box
def test_other_processes_cannot_be_seen():
    code = "import os\nprint(sum(name.isdigit() for name in os.listdir('/proc')))"
    assert int(sandbox.run(code).stdout) <= 3


@needs_box
def test_the_code_is_nobody():
    code = (
        "import os\nprint(os.getuid())\n"
        "print([line for line in open('/proc/self/status') if line.startswith('CapEff')])\n"
        "os.setuid(0)"
    )
    outcome = sandbox.run(code)
    assert "0000000000000000" in outcome.stdout
    if os.geteuid() == 0:
        assert int(outcome.stdout.split()[0]) > 2**30
        assert "PermissionError" in outcome.why


@needs_box
@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.write(1, b'token')\nos._exit(0)",
        "import os\nif os.fork():\n    os._exit(0)",
    ],
)
def test_an_early_end_is_not_a_finish(code):
    assert not sandbox.run(code, tests="raise AssertionError", limits=TIGHT).finished


@needs_box
def test_the_box_adds_less_than_150_ms():
    bare, boxed = [], []
    for _ in range(15):
        started = time.perf_counter()
        subprocess.run([sys._base_executable, "-I", "-c", "pass"], check=True)
        bare.append(time.perf_counter() - started)
        boxed.append(sandbox.run("pass").seconds)
    added = statistics.median(boxed) - statistics.median(bare)
    assert added < 0.150, f"{added:.3f} s added: {statistics.median(bare):.3f} s without a box"


# ---------------------------------------------------------------- no box, other boxes


def test_without_a_box_code_is_refused_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    sandbox.missing.cache_clear()
    try:
        with pytest.raises(CourseError, match="run in a box only") as refused:
            sandbox.run(f"open({str(tmp_path / 'ran')!r}, 'w')")
    finally:
        sandbox.missing.cache_clear()
    assert "bwrap: not installed" in str(refused.value)
    assert not (tmp_path / "ran").exists()


def test_a_box_that_cannot_be_built_is_never_left_out(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox.missing.cache_clear()
    try:
        assert sandbox.missing("bwrap") == "bwrap: No permissions to create new namespace"
        with pytest.raises(CourseError, match="No permissions to create new namespace"):
            sandbox.run("print('ran')")
    finally:
        sandbox.missing.cache_clear()


def test_an_unknown_box_is_named():
    with pytest.raises(CourseError, match="no box 'chroot': choose one of bwrap, podman, docker"):
        sandbox.missing("chroot")


@pytest.mark.slow
def test_a_container_is_a_box_too(python_image, monkeypatch):
    monkeypatch.setenv(sandbox.IMAGE, python_image)
    sandbox.missing.cache_clear()
    try:
        if reason := sandbox.missing("podman"):
            pytest.skip(reason)
        code = "print(open('made', 'w').write('x'))"
        assert sandbox.run(code, by="podman").stdout == "1\n"
        for attack in ("fork bomb", "10 GB bit by bit", "endless output", "sleep", "os._exit"):
            outcome = sandbox.run(ATTACKS[attack], tests="pass", limits=TIGHT, by="podman")
            assert not outcome.finished, attack
            assert outcome.seconds < TIGHT.wall + 5, attack
        code = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=2)"
        assert "Network is unreachable" in sandbox.run(code, by="podman").why
        listed = subprocess.run(["podman", "ps", "-a"], capture_output=True, text=True).stdout
        assert "workbook-sandbox" not in listed
    finally:
        sandbox.missing.cache_clear()

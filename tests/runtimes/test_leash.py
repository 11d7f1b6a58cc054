"""A program on a leash never outlives whoever holds it."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

CHILD = (
    "import subprocess, sys, time\n"
    "if len(sys.argv) > 1: import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(grandchild.pid, flush=True)\n"
    "time.sleep(600)"
)


def leash(*command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "workbook.runtimes.leash", "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def family(process: subprocess.Popen) -> list[psutil.Process]:
    process.stdout.readline()  # the grandchild is there
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def all_gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    "let_go",
    [
        lambda process: process.stdin.close(),
        lambda process: process.send_signal(signal.SIGTERM),
        lambda process: process.send_signal(signal.SIGINT),
    ],
    ids=["input closes", "SIGTERM", "SIGINT"],
)
def test_program_and_its_children_end_with_the_leash(let_go):
    process = leash(sys.executable, "-c", CHILD)
    started = family(process)
    assert len(started) == 3
    let_go(process)
    assert all_gone(started)
    process.stdin = None
    process.communicate()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can do this")
def test_a_killed_leash_takes_its_program_with_it():
    process = leash(sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)")
    started = family(process)
    process.kill()
    assert all_gone(started)
    process.communicate()


@pytest.mark.slow
def test_a_program_that_does_not_listen_is_killed():
    process = leash(sys.executable, "-c", CHILD, "deaf")
    started = family(process)
    begun = time.monotonic()
    process.stdin.close()
    assert all_gone(started, 15)
    assert time.monotonic() - begun > 4
    process.stdin = None
    process.communicate()


def test_it_gives_the_programs_status():
    process = leash(sys.executable, "-c", "raise SystemExit(7)")
    assert process.wait() == 7
    process.communicate()


def test_what_cannot_be_started_is_one_sentence():
    process = leash("no-such-program")
    _, said = process.communicate()
    assert process.returncode == 2
    assert said.startswith("leash: no-such-program cannot be started") and "Traceback" not in said
    process = leash()
    _, said = process.communicate()
    assert process.returncode == 2 and "give a program" in said

"""Run a program that must not outlive whoever started it.

python -m workbook.runtimes.leash -- PROGRAM ARGUMENT...

For servers that this course did not write and that do not watch their standard input. When the
leash's own standard input closes, or the leash is told to end, the program and everything that it
started is ended. It gives the program's exit status.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import psutil

GRACE = 5.0
"""Seconds that the program gets to end by itself after it is asked to."""


def main(arguments: list[str]) -> int:
    """Run the program until it ends or the leash is let go; 2 when it cannot be started."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("leash: give a program to run after --.", file=sys.stderr)
        return 2
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_leash())
    except OSError as error:
        print(f"leash: {command[0]} cannot be started ({error}).", file=sys.stderr)
        return 2
    threading.Thread(target=_watch, args=[child], daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end_tree(child.pid))
    return child.wait()


def _watch(child: subprocess.Popen) -> None:
    # The other end never writes: it closes when its holder dies.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    end_tree(child.pid)


def end_tree(pid: int, grace: float = GRACE) -> None:
    """End a process and everything that it started: ask first, insist after `grace` seconds."""
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(family, timeout=grace)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _die_with_leash():
    """Even when the leash itself is killed (on Linux; elsewhere nothing can do that)."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG
    return lambda: ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
